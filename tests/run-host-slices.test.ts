import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { importFlow } from '../flow/index.ts';
import { dslText } from '../flow/testing/dsl.ts';
import { publishFlow } from '../runtime/commands/flows.ts';
import { openApp, readSettings, runFlow } from '../runtime/index.ts';
import type { Value } from '../schemas/index.ts';

const ITEMS = 10_000;
const text = dslText(
  [
    { id: 'start', type: 'start', variables: [{ variable: 'items', label: '', type: 'json_object', required: true }] },
    {
      id: 'it',
      type: 'iteration',
      iterator_selector: ['start', 'items', 'list'],
      output_selector: ['say', 'output'],
      start_node_id: 'begin',
    },
    { id: 'begin', type: 'iteration-start', parentId: 'it' },
    {
      id: 'say',
      type: 'template-transform',
      parentId: 'it',
      template: '{{ x }}!',
      variables: [{ variable: 'x', value_selector: ['it', 'item'] }],
    },
    { id: 'end', type: 'end', outputs: [{ variable: 'all', value_selector: ['it', 'output'] }] },
  ],
  ['start -> it', 'begin -> say', 'it -> end'],
);

it(`a run of ${ITEMS} items lets other work of the process have its turn all the time`, async () => {
  const imported = importFlow(text);
  if (!imported.ok) throw new Error(imported.message);
  const folder = mkdtempSync(join(tmpdir(), 'riskflow-slices-'));
  const app = await openApp(readSettings({ RISKFLOW_DATA: folder }, folder), { actor: 'test' });
  let turns = 0;
  let isOver = false;
  const turn = (): void => {
    turns++;
    if (!isOver) setImmediate(turn);
  };
  try {
    await publishFlow(app.context, imported.flow, 'flow.yml');
    const list: Value = Array.from({ length: ITEMS }, (_, i) => `item ${i}`);
    setImmediate(turn);
    const run = await runFlow(app.context, {
      plan: imported.flow.plan,
      inputs: new Map<string, Value>([['items', new Map([['list', list]])]]),
    });
    isOver = true;
    expect(run).toMatchObject({ status: 'succeeded', totalSteps: ITEMS + 3 });
    // The items run in a hundred slices; without them there is one turn.
    expect(turns).toBeGreaterThanOrEqual(90);
  } finally {
    isOver = true;
    await app.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
