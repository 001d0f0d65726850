import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startAppWorker, type App } from '../../runtime/index.ts';
import { toJsonText } from '../../schemas/index.ts';
import { comparableEvents } from '../flows/compare.ts';
import { expectCase } from '../flows/expect-case.ts';
import { readFlowTable } from '../flows/flow-table.ts';
import { openTableApp, playCase } from '../flows/play-case.ts';
import { openScriptedEndpoint, type ScriptedEndpoint } from '../flows/scripted-endpoint.ts';
import { makeDatabase, stackServers } from './own-database.ts';

const table = readFlowTable();
const rows = table.flatMap((flow) => flow.cases.map((item) => ({ flow, item, name: `${flow.name}: ${item.name}` })));
const { mysql, temporal, missing, reason } = stackServers();

describe.skipIf(missing)(`a conformance flow on both hosts${reason}`, () => {
  let folder: string;
  let endpoint: ScriptedEndpoint;
  let embedded: App;
  let production: App;
  // What was opened, also when not all could be.
  const closing: (() => unknown)[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'riskflow-conformance-'));
    closing.push(() => rmSync(folder, { recursive: true, force: true }));
    endpoint = await openScriptedEndpoint();
    closing.push(() => endpoint.close());
    const database = await makeDatabase(mysql);
    closing.push(() => database.drop());
    // A queue of its own: other workers of this server must not take the runs.
    const config = join(folder, 'riskflow.yml');
    writeFileSync(config, `temporal: { address: "${temporal}", taskQueue: ${database.name} }\n`);
    embedded = await openTableApp(table, { folder: join(folder, 'embedded'), endpoint });
    closing.push(() => embedded.close());
    const environment = { RISKFLOW_MYSQL_URL: database.url, RISKFLOW_CONFIG: config };
    production = await openTableApp(table, { folder: join(folder, 'production'), endpoint, environment });
    closing.push(() => production.close());
    const worker = await startAppWorker(production.context, { http: null });
    closing.push(() => worker.stop());
  }, 90_000);
  afterAll(async () => {
    for (const close of closing.toReversed()) await close();
  }, 60_000);

  it.each(rows)('$name', { timeout: 30_000 }, async ({ flow, item }) => {
    const { plan } = flow.imported;
    const here = await playCase(embedded, endpoint, { flow, item, host: 'embedded' });
    const there = await playCase(production, endpoint, { flow, item, host: 'temporal' });
    expectCase(plan, item, there);
    expect(comparableEvents(plan, there.events)).toEqual(comparableEvents(plan, here.events));
    expect([there.status, toJsonText(there.outputs), there.error, there.prompts]).toEqual([
      here.status,
      toJsonText(here.outputs),
      here.error,
      here.prompts,
    ]);
  });

  it('leaves every run finished, and projections that a rebuild makes again to the same bytes', async () => {
    const { storage, workspaceId } = production.context;
    expect(await storage.events.unfinishedRuns(workspaceId)).toEqual([]);
    await storage.projections.catchUp(workspaceId);
    const live = await storage.projections.status(workspaceId);
    // Flows that are called as tools have runs of their own.
    expect(live.find(({ name }) => name === 'runs')?.rows).toBeGreaterThanOrEqual(rows.length);
    expect(await storage.projections.rebuild(workspaceId)).toEqual(live);
  });
});
