import { decodeValue, type Effect, type Value } from '../schemas/index.ts';
import { flowOf, startNode, type TestEdge, type TestNode } from '../flow/testing/dsl.ts';
import { drive, succeed, startedEvent } from '../flow/testing/drive.ts';
import { advance, conclude, evolve, initialState, type Plan } from '../flow/index.ts';
import { benchCode } from './code.ts';
import { iterationMemory, iterationRate, longFlow } from './iteration.ts';
import { printFigures, type Figure } from './print.ts';

const SECONDS = 1.5;
/** One run is 50 ms, and a garbage collection that falls into it is not small beside what is measured: hence the median. */
const FAN_OUTS = 15;
const isTrue = (id: string): TestNode => ({
  id,
  type: 'if-else',
  cases: [
    {
      case_id: 'yes',
      logical_operator: 'and',
      conditions: [{ variable_selector: ['start', 'a'], comparison_operator: 'contains', value: 'x' }],
    },
  ],
});
const template = (id: string): TestNode => ({
  id,
  type: 'template-transform',
  template: 'text {{ a }} and more',
  variables: [{ variable: 'a', value_selector: ['start', 'a'] }],
});
const end: TestNode = { id: 'end', type: 'end', outputs: [{ variable: 'o', value_selector: ['start', 'a'] }] };

/** A chain of templates and if-else nodes in turn. */
function chain(length: number): Plan {
  const nodes = Array.from({ length }, (_, i) => (i % 2 === 0 ? template(`n${i}`) : isTrue(`n${i}`)));
  const ids = ['start', ...nodes.map((node) => node.id), 'end'];
  const edges = ids
    .slice(1)
    .map((id, i): TestEdge => (nodes[i - 1]?.type === 'if-else' ? `${ids[i] ?? ''}:yes -> ${id}` : `${ids[i] ?? ''} -> ${id}`));
  return flowOf([startNode('a'), ...nodes, end], edges).plan;
}

const inputs: ReadonlyMap<string, Value> = new Map([['a', 'a text with an x in it']]);

/** Runs per second of one plan, inline nodes only, nothing stored. */
function runsPerSecond(plan: Plan): number {
  for (let i = 0; i < 50; i++) drive(plan, { inputs });
  const from = performance.now();
  let runs = 0;
  while (performance.now() - from < SECONDS * 1000) {
    for (let i = 0; i < 10; i++) drive(plan, { inputs });
    runs += 10;
  }
  return runs / ((performance.now() - from) / 1000);
}

/** One node that `width` models hang on, all at once. */
function fan(width: number): Plan {
  const nodes = Array.from({ length: width }, (_, i): TestNode => ({
    id: `m${i}`,
    type: 'llm',
    model: { provider: 'openai', name: 'm' },
    prompt_template: [{ role: 'user', text: 'hi {{#start.a#}}' }],
  }));
  return flowOf(
    [startNode('a'), ...nodes, end],
    nodes.flatMap((node): readonly TestEdge[] => [`start -> ${node.id}`, `${node.id} -> end`]),
  ).plan;
}

/** Milliseconds of one run whose effects take `delayMs` each, with nothing to wait for but them. */
async function fanOut(plan: Plan, delayMs: number): Promise<number> {
  const from = performance.now();
  let state = evolve(plan, initialState(plan), [startedEvent(plan, { inputs })]);
  const perform = (effect: Effect): Promise<string> => new Promise((resolve) => setTimeout(() => resolve(effect.effectId), delayMs));
  const step = advance(plan, state, { now: 1 });
  state = step.state;
  await Promise.all(
    step.effects.map(async (effect) => {
      const effectId = await perform(effect);
      state = conclude(plan, state, { now: 2, effectId, result: succeed({ text: 'ok' }) }).state;
    }),
  );
  if (state.finished?.status !== 'succeeded' || decodeValue(state.finished.outputs) === null)
    throw new Error('the fan-out run did not succeed');
  return performance.now() - from;
}

export async function benchFlow(): Promise<void> {
  const figures: Figure[] = [];
  for (const length of [98, 498]) {
    const rate = runsPerSecond(chain(length)) * (length + 2);
    figures.push({
      what: `chain of ${length + 2} nodes, one core`,
      measured: `${Math.round(rate).toLocaleString('en')} nodes/s`,
      budget: '≥ 50,000 nodes/s',
      holds: rate >= 50_000,
    });
  }
  const five = runsPerSecond(chain(3));
  figures.push({
    what: '5-node flow, not stored',
    measured: `${Math.round(five).toLocaleString('en')} runs/s`,
    budget: '≥ 5,000 runs/s',
    holds: five >= 5000,
  });
  const wide = fan(200);
  await fanOut(wide, 50);
  const times: number[] = [];
  for (let i = 0; i < FAN_OUTS; i++) times.push(await fanOut(wide, 50));
  const took = times.toSorted((a, b) => a - b)[Math.floor(FAN_OUTS / 2)] ?? Number.NaN;
  figures.push({
    what: `fan-out of 200 × 50 ms, median of ${FAN_OUTS}`,
    measured: `${took.toFixed(0)} ms = ${(took / 50).toFixed(2)} × 50 ms`,
    budget: '≤ 1.3 × 50 ms',
    holds: took <= 65,
  });
  figures.push(iterationRate(), ...longFlow(), await iterationMemory());
  printFigures('Interpreter', figures);
  await benchCode();
}
