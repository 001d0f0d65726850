import { openApp, readSettings, runFlow, runFlowOnTemporal, type App, type RunRequest } from '../../runtime/index.ts';
import { publishFlow } from '../../runtime/commands/flows.ts';
import { readRun } from '../../runtime/commands/runs/run-reads.ts';
import { decodeValue, type RunEvent, type Value } from '../../schemas/index.ts';
import type { ConformanceCase, ConformanceFlow } from './flow-table.ts';
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
export function openTableApp(
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
  const settings = readSettings({ RISKFLOW_DATA: folder, OPENAI_BASE_URL: endpoint.url, ...named, ...environment }, folder);
  return openApp(settings, { actor: 'conformance' });
}

const secretsOf = (table: readonly ConformanceFlow[]): readonly { readonly name: string; readonly value: string }[] =>
  table.flatMap(({ cases }) => cases.flatMap(({ secrets }) => Object.entries(secrets).map(([name, value]) => ({ name, value }))));

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
    inputs: item.inputs,
    pins: item.pins,
    ...(item.query === undefined ? {} : { query: item.query }),
    onEvent: (event) => {
      if (event.type === 'NodeFinished') play.finished(event.data.nodeId);
    },
  };
  const { runId, status, outputs, error } = await (host === 'temporal' ? runFlowOnTemporal : runFlow)(context, request);
  return {
    status,
    outputs: outputs === null ? null : decodeValue(outputs),
    error,
    prompts: play.prompts(),
    events: await readRun(context, runId),
  };
}
