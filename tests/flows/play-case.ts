import {
  answerRun,
  importKnowledge,
  openApp,
  openQuestions,
  readSettings,
  resumeRun,
  runFlow,
  runFlowOnTemporal,
  type App,
  type EndedRun,
  type FinishedRun,
  type RunRequest,
} from '../../runtime/index.ts';
import { publishFlow } from '../../runtime/commands/flows.ts';
import { readRun } from '../../runtime/commands/runs/run-reads.ts';
import { decodeValue, type RunEvent, type Value, type Values } from '../../schemas/index.ts';
import type { Context } from '../../runtime/context.ts';
import type { ConformanceCase, ConformanceFlow, PersonAnswer } from './flow-table.ts';
import type { ScriptedEndpoint } from './scripted-endpoint.ts';

/** What came of a case: as the run's owner told it, and as it stands in storage. */
export type Played = {
  readonly status: string;
  readonly outputs: Value;
  readonly error: string | null;
  readonly prompts: Readonly<Record<string, readonly string[]>>;
  readonly events: readonly RunEvent[];
};
export type FlowHost = 'embedded' | 'temporal';

/**
 * The whole application over a data folder, with the secrets of the table and its models at the endpoint; `environment` may name servers.
 * @throws Error when two cases want one secret to have two values
 */
export async function openTableApp(
  table: readonly ConformanceFlow[],
  {
    folder,
    endpoint,
    environment = {},
  }: { readonly folder: string; readonly endpoint: ScriptedEndpoint; readonly environment?: Readonly<Record<string, string>> },
): Promise<App> {
  const secrets: Record<string, string> = {};
  for (const { name, value } of secretsOf(table)) {
    if ((secrets[name] ?? value) !== value) throw new Error(`the secret ${name} has two values in the table`);
    secrets[name] = value;
  }
  const named: Record<string, string> = {};
  for (const [name, value] of Object.entries(secrets)) named[`RISKFLOW_SECRET_${name}`] = value;
  const settings = readSettings(
    { RISKFLOW_DATA: folder, OPENAI_BASE_URL: endpoint.url, RISKFLOW_OUTGOING_ALLOW: new URL(endpoint.url).host, ...named, ...environment },
    folder,
  );
  const app = await openApp(settings, { actor: 'conformance' });
  // What knowledge-retrieval nodes search.
  await importKnowledge(app.context, { dataset: 'policies', paths: ['policies.jsonl'], folder: import.meta.dirname });
  return app;
}

const secretsOf = (table: readonly ConformanceFlow[]): readonly { readonly name: string; readonly value: string }[] =>
  table.flatMap(({ cases }) => cases.flatMap(({ secrets }) => Object.entries(secrets).map(([name, value]) => ({ name, value }))));

/** The inputs of a case, with where the endpoint is for `http://endpoint.test`. */
const withEndpoint = (inputs: Values, { url }: ScriptedEndpoint): Values =>
  new Map(
    Array.from(inputs, ([name, value]): [string, Value] => [
      name,
      typeof value === 'string' ? value.replace('http://endpoint.test', new URL(url).origin) : value,
    ]),
  );

/** Plays a case to its end on a host. Answers that wait for a node are let go once its end is an event: stored, on Temporal. */
export async function playCase(
  { context }: App,
  endpoint: ScriptedEndpoint,
  { flow, item, host }: { readonly flow: ConformanceFlow; readonly item: ConformanceCase; readonly host: FlowHost },
): Promise<Played> {
  await publishFlow(context, flow.imported, 'flow.yml');
  const play = endpoint.play(item.answers);
  const request: RunRequest = {
    plan: flow.imported.plan,
    inputs: withEndpoint(item.inputs, endpoint),
    pins: item.pins,
    ...(item.query === undefined ? {} : { query: item.query }),
    system: item.system,
    onEvent: (event) => {
      if (event.type === 'NodeFinished') play.finished(event.data.nodeId);
    },
  };
  const { runId, status, outputs, error } = await (host === 'temporal'
    ? followOnTemporal(context, { request, people: item.people })
    : driveHere(context, { request, people: item.people }));
  return {
    status,
    outputs: outputs === null ? null : decodeValue(outputs),
    error,
    prompts: play.prompts(),
    events: await readRun(context, runId),
  };
}

type PeopledRun = { readonly request: RunRequest; readonly people: readonly PersonAnswer[] };

async function driveHere(context: Context, { request, people }: PeopledRun): Promise<FinishedRun> {
  const left = [...people];
  let ended: EndedRun = await runFlow(context, request);
  while (ended.status === 'paused') {
    await answerNext(context, ended.runId, left);
    ended = await resumeRun(context, ended.runId, request.onEvent === undefined ? {} : { onEvent: request.onEvent });
  }
  return ended;
}

/** Whenever the run pauses, the next answer is given. */
async function followOnTemporal(context: Context, { request, people }: PeopledRun): Promise<FinishedRun> {
  const left = [...people];
  let runId = '';
  let answering = Promise.resolve();
  const run = await runFlowOnTemporal(context, {
    ...request,
    onBegun: (started) => (runId = started.runId),
    onEvent: (event, plan) => {
      request.onEvent?.(event, plan);
      if (event.type === 'RunPaused') answering = answering.then(() => answerNext(context, runId, left));
    },
  });
  await answering;
  return run;
}

/** Gives the next answer, or waits until nobody is waited for any more. */
async function answerNext(context: Context, runId: string, left: PersonAnswer[]): Promise<void> {
  const questions = await openQuestions(context, runId);
  const [next] = left;
  if (next !== undefined && questions.some(({ nodeId, place }) => nodeId === next.node || place === next.node)) {
    left.shift();
    await answerRun(context, { runId, ...next });
    return;
  }
  const until = Math.min(...questions.flatMap((question) => question.until ?? []));
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, until - Date.now())));
}
