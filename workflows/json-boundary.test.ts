import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { advance, conclude, evolve, importFlow, initialState, pendingEffects, requestStop, type Plan, type Step } from '../flow/index.ts';
import {
  encodeValue,
  encodeValues,
  float,
  integer,
  NO_USAGE,
  PLAN_VERSION,
  type Effect,
  type EffectResult,
  type RunStarted,
  type Value,
} from '../schemas/index.ts';
import { viewOf } from './run-view.ts';

/** Temporal's payloads are JSON: a Map would arrive as {}, undefined as nothing, and a bigint not at all. */
const expectJson = (value: unknown): void => expect(JSON.parse(JSON.stringify(value))).toStrictEqual(value);

const planOf = (path: string): Plan => {
  const imported = importFlow(readFileSync(new URL(`../${path}`, import.meta.url), 'utf8'));
  if (!imported.ok) throw new Error(imported.message);
  return imported.flow.plan;
};
const flows = [
  'examples/report-triage/triage-rules.yml',
  'examples/report-triage/triage-cascade.yml',
  'examples/sms/rules.yml',
  'examples/sms/cascade.yml',
  'workflows/fixtures/second-opinion.yml',
];

const startedOf = (plan: Plan, text: Value): RunStarted => ({
  type: 'RunStarted',
  data: {
    runId: 'r1',
    planVersion: PLAN_VERSION,
    flow: plan.flow,
    flowVersion: plan.flowVersion,
    mode: 'manual',
    origin: { kind: 'manual' },
    inputs: encodeValues(new Map([['text', text]])),
    system: { files: [] },
    environment: {},
    pins: {},
    modelMap: {},
    at: 1,
  },
});

/** Strings, and numbers of every kind the pool knows, in lists and objects. */
const valueArb: fc.Arbitrary<Value> = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constant(null),
    fc.boolean(),
    fc.string({ unit: 'binary' }),
    fc.bigInt().map(integer),
    fc.double().map(float),
    fc.constant({ secret: 'KEY', version: '1' }),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.array(fc.tuple(fc.string(), tie('value')), { maxLength: 3 }).map((entries) => new Map(entries)),
  ),
})).value;

const succeeded = (outputs: Value): EffectResult => ({
  status: 'succeeded',
  outputs: encodeValue(outputs),
  usage: NO_USAGE,
  elapsedMs: 1,
  reused: false,
});
const FAILED: EffectResult = {
  status: 'failed',
  error: { message: 'no', type: 'TestError', retryable: true },
  usage: NO_USAGE,
  elapsedMs: 1,
  reused: false,
};

/** Runs a plan, giving `answer` to every effect, and checks all that would cross the boundary on the way. */
function expectJsonRun(plan: Plan, started: RunStarted, answer: EffectResult): string {
  const check = (step: Step): Step => {
    expectJson(step.facts);
    expectJson(step.effects);
    expectJson(viewOf(plan, step.state));
    expectJson(pendingEffects(plan, step.state, { now: 3 }));
    return step;
  };
  let step = check(advance(plan, evolve(plan, initialState(plan), [started]), { now: 2 }));
  const waiting: Effect[] = [...step.effects];
  for (let effect = waiting.shift(); effect !== undefined && step.state.finished === null; effect = waiting.shift()) {
    step = check(conclude(plan, step.state, { now: 3, effectId: effect.effectId, result: answer }));
    waiting.push(...step.effects);
  }
  if (step.state.finished === null) check(requestStop(plan, step.state, { now: 4, reason: 'enough' }));
  return step.state.finished?.status ?? 'stopped';
}

describe('what crosses the boundary of a workflow is plain JSON', () => {
  it.each(flows)('the plan of %s', (path) => {
    expectJson(planOf(path));
  });

  it.each(flows)('facts, effects and the view of a run of %s', (path) => {
    const plan = planOf(path);
    const outputs = new Map<string, Value>([
      ['class_id', '1'],
      ['class_name', 'a'],
      ['text', 'spam'],
      [
        'result',
        new Map<string, Value>([
          ['label', 'spam'],
          ['share', float(2)],
          ['none', null],
        ]),
      ],
      ['usage', new Map<string, Value>([['total_tokens', 3]])],
    ]);
    expect(expectJsonRun(plan, startedOf(plan, 'see you at eight'), succeeded(outputs))).toBe('succeeded');
    expectJsonRun(plan, startedOf(plan, 'see you at eight'), FAILED);
  });

  it('whatever the inputs and the outputs are', () => {
    const plan = planOf('workflows/fixtures/second-opinion.yml');
    fc.assert(
      fc.property(valueArb, valueArb, (input, output) => {
        const started = startedOf(plan, input);
        expectJson(started);
        const outputs = new Map<string, Value>([
          ['text', output],
          ['usage', new Map<string, Value>([['total_tokens', output]])],
          ['result', output],
        ]);
        const result = succeeded(outputs);
        expectJson(result);
        expectJsonRun(plan, started, result);
      }),
      { numRuns: 60 },
    );
  });
});
