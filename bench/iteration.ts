import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { flowOf, startNode, type TestNode } from '../flow/testing/dsl.ts';
import type { Plan } from '../flow/index.ts';
import { importFlow } from '../flow/index.ts';
import { dslText } from '../flow/testing/dsl.ts';
import { drive } from '../flow/testing/drive.ts';
import { openApp, readSettings, runFlow } from '../runtime/index.ts';
import { publishFlow } from '../runtime/commands/flows.ts';
import type { Value } from '../schemas/index.ts';
import type { Figure } from './print.ts';

/** Two nodes for each item. */
const perItem: readonly TestNode[] = [
  { id: 'start', type: 'start', variables: [{ variable: 'a', label: 'a', type: 'json_object', required: true }] },
  { id: 'it', type: 'iteration', iterator_selector: ['start', 'a', 'items'], output_selector: ['t', 'output'], start_node_id: 'b' },
  { id: 'b', type: 'iteration-start', parentId: 'it' },
  {
    id: 'if',
    type: 'if-else',
    parentId: 'it',
    cases: [
      {
        case_id: 'yes',
        logical_operator: 'and',
        conditions: [{ variable_selector: ['it', 'item'], comparison_operator: 'contains', value: 'item' }],
      },
    ],
  },
  {
    id: 't',
    type: 'template-transform',
    parentId: 'it',
    template: '{{ i }}: {{ x }}',
    variables: [
      { variable: 'i', value_selector: ['it', 'index'] },
      { variable: 'x', value_selector: ['it', 'item'] },
    ],
  },
  { id: 'end', type: 'end', outputs: [{ variable: 'o', value_selector: ['it', 'output'] }] },
];
const iterationFlow = () => flowOf(perItem, ['start -> it', 'b -> if', 'if:yes -> t', 'it -> end']);

const itemsOf = (count: number): Value => new Map([['items', Array.from({ length: count }, (_, i) => `item ${i}`)]]);

/** Items of an iteration per second, nothing stored. */
export function iterationRate(): Figure {
  const { plan } = iterationFlow();
  const inputs = new Map([['a', itemsOf(10_000)]]);
  drive(plan, { inputs });
  const from = performance.now();
  drive(plan, { inputs });
  const rate = 20_000 / ((performance.now() - from) / 1000);
  return {
    what: 'iteration over 10,000 items of 2 nodes, not stored',
    measured: `${Math.round(rate).toLocaleString('en')} nodes/s`,
    budget: '≥ 50,000 nodes/s',
    holds: rate >= 50_000,
  };
}

/** How much memory more items take on the embedded host, everything stored: what is kept of an item is its result. */
export async function iterationMemory(): Promise<Figure> {
  const folder = mkdtempSync(join(tmpdir(), 'riskflow-bench-'));
  const app = await openApp(readSettings({ RISKFLOW_DATA: folder }, folder), { actor: 'bench' });
  try {
    const flow = iterationFlow();
    await publishFlow(app.context, flow, 'flow.yml');
    const grown = async (count: number): Promise<number> => {
      const before = process.memoryUsage().rss;
      let peak = before;
      const timer = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 5);
      const ended = await runFlow(app.context, { plan: flow.plan, inputs: new Map([['a', itemsOf(count)]]), pins: {}, modelMap: {} });
      clearInterval(timer);
      if (ended.status !== 'succeeded') throw new Error(`the run of ${count} items ${ended.status}`);
      return Math.max(peak, process.memoryUsage().rss) - before;
    };
    await grown(1_000);
    await grown(1_000);
    const more = await grown(10_000);
    const megabytes = more / 1e6;
    return {
      what: '10,000 items on the embedded host, stored: memory beyond that of 1,000',
      measured: `${megabytes.toFixed(0)} MB`,
      budget: '≤ 60 MB',
      holds: megabytes <= 60,
    };
  } finally {
    await app.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A flow of 5,000 nodes, from its text to its end. */
export function longFlow(): readonly Figure[] {
  const count = 5_000;
  const nodes: TestNode[] = [startNode('a')];
  const edges: `${string} -> ${string}`[] = [];
  for (let i = 0; i < count - 2; i++) {
    const before = i < 50 ? 'start' : `n${i - 50}`;
    const value_selector = i < 50 ? ['start', 'a'] : [before, 'output'];
    nodes.push({ id: `n${i}`, type: 'template-transform', template: `${i} {{ x }}`, variables: [{ variable: 'x', value_selector }] });
    edges.push(`${before} -> n${i}`);
  }
  nodes.push({ id: 'end', type: 'end', outputs: [{ variable: 'o', value_selector: [`n${count - 3}`, 'output'] }] });
  edges.push(`n${count - 3} -> end`);
  const text = dslText(nodes, edges);
  const from = performance.now();
  const imported = importFlow(text);
  if (!imported.ok) throw new Error(imported.message);
  const importMs = performance.now() - from;
  const plan: Plan = imported.flow.plan;
  const began = performance.now();
  const driven = drive(plan, { inputs: new Map([['a', 'x']]) });
  const runMs = performance.now() - began;
  if (driven.state.steps !== count) throw new Error(`${driven.state.steps} of ${count} nodes ran`);
  return [
    { what: 'flow of 5,000 nodes: import', measured: `${importMs.toFixed(0)} ms`, budget: '≤ 5,000 ms', holds: importMs <= 5_000 },
    { what: 'flow of 5,000 nodes: run, not stored', measured: `${runMs.toFixed(0)} ms`, budget: '≤ 1,000 ms', holds: runMs <= 1_000 },
  ];
}
