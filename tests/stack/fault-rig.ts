import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Plan } from '../../flow/index.ts';
import { openApp, readSettings, type App } from '../../runtime/index.ts';
import { publishFlow } from '../../runtime/commands/flows.ts';
import { connectRunClient, type RunClient } from '../../runtime/temporal/client.ts';
import { payloadBlobs } from '../../runtime/temporal/payload-blobs.ts';
import type { TemporalPlace } from '../../runtime/temporal/address.ts';
import { neededTemporal } from '../../runtime/temporal/place.ts';
import type { RunFlowArgs } from '../../workflows/index.ts';
import { startRiskflow, testEnvironment, type Started } from '../riskflow-process.ts';
import { openCountingEndpoint, type CountingEndpoint } from './counting-endpoint.ts';
import { callKey, CALLING, EFFECTS, faultFlow, type FaultInput } from './fault-flow.ts';
import { ACTOR, FLOW_FILE, keptIn, type Undisturbed } from './undisturbed.ts';

/** Production in small: an application over MySQL with the flow published, a client of Temporal, workers as processes, an endpoint that counts. */
export type FaultRig = {
  readonly app: App;
  readonly plan: Plan;
  readonly client: RunClient;
  readonly endpoint: CountingEndpoint;
  readonly place: TemporalPlace;
  /** For `riskflow` commands. */
  readonly environment: Readonly<Record<string, string>>;
  /** Another client, as of another process. */
  connect(): Promise<RunClient>;
  /** Starts `riskflow worker`; resolves when it has said that it works. */
  startWorker(): Promise<Started>;
  /** What the client is asked with for the runs that were driven undisturbed. */
  argsOf(undisturbed: Undisturbed): readonly RunFlowArgs[];
  /** Keys of the calls whose answers are stored now. */
  storedCalls(inputs: readonly FaultInput[]): Promise<ReadonlySet<string>>;
  /** Ends what is left of it by process id. */
  close(): Promise<void>;
};

export async function openFaultRig({
  mysql,
  temporal,
  taskQueue,
  effectAttempts,
}: {
  readonly mysql: string;
  readonly temporal: string;
  readonly taskQueue: string;
  readonly effectAttempts?: number;
}): Promise<FaultRig> {
  const folder = mkdtempSync(join(tmpdir(), 'riskflow-faults-'));
  const config = join(folder, 'riskflow.yml');
  // A queue of its own: other workers of this server must not take the runs.
  const attempts = effectAttempts === undefined ? '' : `, effectAttempts: ${effectAttempts}`;
  writeFileSync(config, `temporal: { address: "${temporal}", taskQueue: ${taskQueue}${attempts} }\n`);
  const endpoint = await openCountingEndpoint();
  const environment = testEnvironment(join(folder, 'data'), {
    RISKFLOW_MYSQL_URL: mysql,
    RISKFLOW_CONFIG: config,
    OPENAI_BASE_URL: endpoint.url,
    OPENAI_API_KEY: 'none',
  });
  const settings = readSettings(environment, folder);
  const app = await openApp(settings, { actor: ACTOR });
  const { plan, ...flow } = faultFlow();
  await publishFlow(app.context, { plan, ...flow }, FLOW_FILE);
  const place = neededTemporal(settings.temporal);
  const clients: RunClient[] = [];
  const workers: Started[] = [];
  const connect = async (): Promise<RunClient> => {
    const client = await connectRunClient(place, { blobs: payloadBlobs(app.context.storage, app.context.workspaceId) });
    clients.push(client);
    return client;
  };
  return {
    app,
    plan,
    client: await connect(),
    endpoint,
    place,
    environment,
    connect,
    startWorker: async () => {
      const worker = startRiskflow(['worker', '--json'], environment, folder);
      workers.push(worker);
      await new Promise<void>((resolve, reject) => {
        worker.child.stdout?.once('data', () => resolve());
        void worker.finished.then(({ stderr }) => reject(new Error(`the worker ended: ${stderr}`)));
      });
      return worker;
    },
    argsOf: ({ started }) =>
      started.map((first) => ({
        workspaceId: app.context.workspaceId,
        runId: first.data.runId,
        flowVersion: first.data.flowVersion,
        started: first,
        actor: ACTOR,
        timeoutMs: 600_000,
      })),
    storedCalls: async (inputs) => {
      const { storage, workspaceId } = app.context;
      const stored = new Set<string>();
      for (const input of inputs) {
        for (const node of EFFECTS) {
          if ((await storage.effects.find(workspaceId, input.runId, `${node}#1`)) !== undefined) stored.add(callKey(node, input));
        }
      }
      return stored;
    },
    close: async () => {
      for (const { child } of workers) child.kill('SIGKILL');
      await Promise.all(workers.map(({ finished }) => finished));
      for (const client of clients) await client.close();
      await app.close();
      await endpoint.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export async function until(condition: () => boolean | Promise<boolean>, what: string, withinMs = 60_000): Promise<void> {
  const end = performance.now() + withinMs;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`${what}: not within ${withinMs} ms`);
    await delay(10);
  }
}

/** Which calls may have been made twice because of one fault. */
export type InFlight = {
  /** Those without an answer: they must be made again. */
  readonly unanswered: ReadonlySet<string>;
  /** Those whose answer had not been found in storage: they may be. */
  readonly unstored: ReadonlySet<string>;
};

/**
 * What was in flight when a worker was killed: of the calls that came since `before`, those whose answers are not stored. To be asked
 * once the worker is dead.
 */
export async function inFlightNow(
  rig: FaultRig,
  inputs: readonly FaultInput[],
  before: ReadonlyMap<string, { readonly begun: number; readonly answered: number }>,
): Promise<InFlight> {
  await rig.endpoint.quiet();
  const calls = rig.endpoint.calls();
  const stored = await rig.storedCalls(inputs);
  const fresh = [...calls].filter(([key, { begun }]) => begun > (before.get(key)?.begun ?? 0) && !stored.has(key));
  const unanswered = fresh.filter(([key, { answered }]) => answered === (before.get(key)?.answered ?? 0));
  return { unstored: new Set(fresh.map(([key]) => key)), unanswered: new Set(unanswered.map(([key]) => key)) };
}

/** Every call was made once, and once more for each fault that it was in flight at. No others were made, unless there are other runs. */
export function expectCalls(
  { endpoint }: FaultRig,
  inputs: readonly FaultInput[],
  faults: readonly InFlight[],
  { besideOthers = false }: { readonly besideOthers?: boolean } = {},
): void {
  const calls = endpoint.calls();
  const keys = inputs.flatMap((input) => CALLING.map((node) => callKey(node, input)));
  if (!besideOthers) expect([...calls.keys()].toSorted()).toEqual(keys.toSorted());
  for (const key of keys) {
    const times = (of: (fault: InFlight) => ReadonlySet<string>): number => 1 + faults.filter((fault) => of(fault).has(key)).length;
    const begun = calls.get(key)?.begun ?? 0;
    expect(begun, `calls of ${key}`).toBeGreaterThanOrEqual(times(({ unanswered }) => unanswered));
    expect(begun, `calls of ${key}`).toBeLessThanOrEqual(times(({ unstored }) => unstored));
  }
}

/**
 * Events, outputs and projections are those of the undisturbed runs. Beside other runs, which the undisturbed storage does not have, the
 * sizes of projections say nothing and are left out.
 */
export async function expectAgreement(
  { app, plan }: FaultRig,
  inputs: readonly FaultInput[],
  { kept }: Undisturbed,
  { besideOthers = false }: { readonly besideOthers?: boolean } = {},
): Promise<void> {
  const disturbed = await keptIn(app.context, plan, inputs);
  for (const [at, events] of disturbed.events.entries()) expect(events, `events of run ${at + 1}`).toEqual(kept.events[at]);
  expect(besideOthers ? { ...disturbed, projections: kept.projections } : disturbed).toEqual(kept);
}
