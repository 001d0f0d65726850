import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compileBehaviour } from '../flow/plan/compile-behaviour.ts';
import type { App } from '../runtime/index.ts';
import { expectCase } from './flows/expect-case.ts';
import { readFlowTable } from './flows/flow-table.ts';
import { openTableApp, playCase } from './flows/play-case.ts';
import { openScriptedEndpoint, type ScriptedEndpoint } from './flows/scripted-endpoint.ts';

const table = readFlowTable();
const rows = table.flatMap((flow) => flow.cases.map((item) => ({ flow, item, name: `${flow.name}: ${item.name}` })));

/** The kinds that the importer knows: a folder each in flow/nodes. */
const kinds = readdirSync(new URL('../flow/nodes/', import.meta.url), { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? [entry.name] : [],
);

describe('the table of conformance flows', () => {
  it.each(kinds)('has at least three flows with a node of the kind %s', (kind) => {
    const known = compileBehaviour(kind, {});
    expect(known.ok && known.behaviour.kind === 'unsupported', `${kind} is a folder of flow/nodes and no kind of the importer`).toBe(false);
    const having = table.filter(({ imported }) => imported.plan.nodes.some((node) => node.behaviour.kind === kind));
    expect(having.map(({ name }) => name).length, `flows with ${kind}`).toBeGreaterThanOrEqual(3);
  });

  it('has each case once', () => {
    expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length);
    expect(kinds.length).toBeGreaterThanOrEqual(9);
  });
});

describe('a conformance flow on the embedded host over SQLite', () => {
  let folder: string;
  let endpoint: ScriptedEndpoint;
  let app: App;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'riskflow-conformance-'));
    endpoint = await openScriptedEndpoint();
    app = await openTableApp(table, { folder, endpoint });
  });
  afterAll(async () => {
    await app.close();
    await endpoint.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it.each(rows)('$name', async ({ flow, item }) => {
    expectCase(flow.imported.plan, item, await playCase(app, endpoint, { flow, item, host: 'embedded' }));
  });
});
