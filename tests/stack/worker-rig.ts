import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadPlan, publishFlowFile } from '../../runtime/commands/flows.ts';
import { startRun } from '../../runtime/commands/runs/run-start.ts';
import { openApp, readSettings, type Context } from '../../runtime/index.ts';
import { connectRunClient, type RunClient } from '../../runtime/temporal/client.ts';
import { payloadBlobs } from '../../runtime/temporal/payload-blobs.ts';
import type { RunOrigin, RunStarted } from '../../schemas/index.ts';
import type { RunFlowArgs } from '../../workflows/index.ts';
import { riskflow, startRiskflow, testEnvironment, type Finished, type Started } from '../riskflow-process.ts';
import { makeDatabase, stackServers } from './own-database.ts';

export type Environment = Readonly<Record<string, string>>;
export type Ready = { readonly buildId: string | null; readonly http: string | null };
export type StartedWorker = Started & { readonly ready: Ready; /** Standard error so far. */ readonly told: () => string };

/** Workers in processes of their own, with a database and a task queue that nobody else uses. */
export type WorkerRig = {
  readonly folder: string;
  /** Also the name of the task queue. */
  readonly name: string;
  readonly environment: (extra?: Environment) => Environment;
  /** Resolves when it is ready; killed at the end of the test at the latest. */
  readonly worker: (extra?: Environment, args?: readonly string[]) => Promise<StartedWorker>;
  readonly cli: (args: readonly string[], extra?: Environment) => Promise<Finished>;
  /** The application in this process, over the same storage; closed with the rig. */
  readonly app: (extra?: Environment) => Promise<Context>;
  readonly client: (context: Context, onNotice?: (sentence: string) => void) => Promise<RunClient>;
  close(): Promise<void>;
};

/** An argument of `worker`: health and metrics are served where they are by default. */
export const USUAL_HTTP = '--http-as-usual';

export async function openWorkerRig({ namespace = 'default' }: { readonly namespace?: string } = {}): Promise<WorkerRig> {
  const { mysql, temporal } = stackServers();
  const database = await makeDatabase(mysql);
  const folder = mkdtempSync(join(tmpdir(), 'riskflow-worker-'));
  const { name } = database;
  const config = join(folder, 'riskflow.yml');
  writeFileSync(config, `temporal: { address: "${temporal}", namespace: ${namespace}, taskQueue: ${name} }\n`);
  const environment = (extra: Environment = {}): Environment =>
    testEnvironment(join(folder, 'data'), { RISKFLOW_MYSQL_URL: database.url, RISKFLOW_CONFIG: config, ...extra });
  const closing: (() => Promise<unknown>)[] = [];
  return {
    ...{ folder, name, environment },
    worker: async (extra, args = []) => {
      const http = args.some((argument) => /^--(?:no-)?http/.test(argument)) ? [] : ['--http', '127.0.0.1:0'];
      const started = startRiskflow(
        ['worker', '--json', ...http, ...args.filter((argument) => argument !== USUAL_HTTP)],
        environment(extra),
      );
      closing.push(async () => {
        started.child.kill('SIGKILL');
        await started.finished;
      });
      let told = '';
      started.child.stderr?.on('data', (text: string) => (told += text));
      return { ...started, ready: await readiness(started), told: () => told };
    },
    cli: (args, extra) => riskflow(args, environment(extra)),
    app: async (extra) => {
      const app = await openApp(readSettings(environment(extra), folder), { actor: 'tester' });
      closing.push(() => app.close());
      return app.context;
    },
    client: async (context, onNotice) => {
      const place = context.settings.temporal;
      if (place === undefined) throw new Error('no Temporal is set');
      const blobs = payloadBlobs(context.storage, context.workspaceId);
      const client = await connectRunClient(place, { blobs, ...(onNotice === undefined ? {} : { onNotice }) });
      closing.push(() => client.close());
      return client;
    },
    close: async () => {
      for (const close of closing.toReversed()) await close();
      await database.drop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function readiness({ child, finished }: Started): Promise<Ready> {
  return new Promise<Ready>((resolve, reject) => {
    let text = '';
    child.stdout?.on('data', (part: string) => {
      text += part;
      if (text.trimEnd().endsWith('}')) resolve(JSON.parse(text) as Ready);
    });
    finished.then(({ stderr }) => reject(new Error(`the worker ended: ${stderr}`)), reject);
  });
}

export const publish = async (context: Context, file: string): Promise<string> => (await publishFlowFile(context, file)).version;

type Asked = {
  readonly flowVersion: string;
  readonly text: string;
  readonly origin?: RunOrigin;
  readonly mode?: RunStarted['data']['mode'];
};

/** What a run of a published flow is started with. */
export async function askFor(
  context: Context,
  { flowVersion, text, origin = { kind: 'manual' }, mode = 'manual' }: Asked,
): Promise<RunFlowArgs> {
  const plan = await loadPlan(context, flowVersion);
  const runId = randomUUID();
  const started = startRun(context, { plan, inputs: new Map([['text', text]]), runId, mode, origin });
  const { workspaceId, actor } = context;
  return { workspaceId, runId, flowVersion, started, actor, timeoutMs: 120_000 };
}

export async function drain({ child, finished }: Started): Promise<Finished> {
  child.kill('SIGTERM');
  return finished;
}
