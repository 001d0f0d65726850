import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  bundleWorkflowCode,
  DefaultLogger,
  makeTelemetryFilterString,
  Runtime,
  Worker,
  type ReplayWorkerOptions,
  type WorkflowBundle,
} from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { beforeAll, describe, expect, it } from 'vitest';
import { interpreterFor, upgradePlan } from '../flow/core.ts';
import { PLAN_VERSION, type RunFinished } from '../schemas/core.ts';
import type { EffectToPerform, PerformedEffect, RunActivities, RunFlowArgs, RunFlowResult } from './run-activities.ts';

type Opened = Awaited<ReturnType<RunActivities['openRun']>>;

/**
 * Histories of workflows on a real server: of runs by the version of plans they ran, of batches (evaluations too) and their shards, of
 * occurrences of schedules, and of sources. A change of a workflow that would break what is under way shows here, without a server. Written by
 * `RISKFLOW_RECORD_HISTORIES=1 npm run test:stack -- runtime/temporal`, once per version: when this test fails, the change needs a new
 * version (or a patch), not a new recording.
 */
const silent = new DefaultLogger('ERROR', () => undefined);
const workflowsPath = fileURLToPath(new URL('index.ts', import.meta.url));
const folder = new URL('histories/', import.meta.url);
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.json'))
  .map((name) => name.replaceAll('\\', '/'))
  .toSorted();
const runs = files.filter((name) => /^v\d+\//.test(name));
const textOf = (name: string): string => readFileSync(new URL(name, folder), 'utf8');

type Payloads = { readonly payloads?: readonly { readonly data?: string }[] };
type HistoryEvent = {
  readonly eventId: number;
  readonly workflowExecutionStartedEventAttributes?: {
    readonly workflowId?: string;
    readonly input: Payloads;
    readonly workflowType: { readonly name: string };
  };
  readonly workflowExecutionSignaledEventAttributes?: { readonly signalName: string; readonly input: Payloads };
  readonly workflowExecutionCancelRequestedEventAttributes?: object;
  readonly upsertWorkflowSearchAttributesEventAttributes?: object;
  readonly timerFiredEventAttributes?: object;
  readonly startChildWorkflowExecutionInitiatedEventAttributes?: { readonly workflowType: { readonly name: string } };
  readonly markerRecordedEventAttributes?: { readonly details: Readonly<Record<string, Payloads>> };
  readonly activityTaskScheduledEventAttributes?: {
    readonly input: Payloads;
    readonly taskQueue: { readonly name: string };
    readonly activityType: { readonly name: string };
  };
  readonly activityTaskCompletedEventAttributes?: { readonly scheduledEventId: number; readonly result: Payloads };
  readonly activityTaskFailedEventAttributes?: { readonly failure: { readonly message: string } };
  readonly workflowExecutionCompletedEventAttributes?: { readonly result: Payloads };
  readonly workflowExecutionContinuedAsNewEventAttributes?: { readonly input: Payloads };
};

/** What the payload says, which was written by this program. */
const told = <T>(payloads: Payloads | undefined): T =>
  JSON.parse(Buffer.from(payloads?.payloads?.[0]?.data ?? '', 'base64').toString('utf8')) as T;

const eventsOf = (name: string): readonly HistoryEvent[] =>
  (JSON.parse(textOf(name)) as { readonly events: readonly HistoryEvent[] }).events;

/** What a run begins with: the marker whose result has a plan. */
function openedOf(events: readonly HistoryEvent[]): Opened {
  for (const { markerRecordedEventAttributes: marker } of events) {
    const result = marker?.details['result'];
    const found = result === undefined ? null : told<Opened | { readonly status: string }>(result);
    if (found !== null && 'loaded' in found) return found;
  }
  throw new Error('the history holds no plan');
}

/** Feeds what the history says came from outside into the interpreter of today. */
function finishedOf(events: readonly HistoryEvent[]): RunFinished['data'] | null {
  const { loaded, taken } = openedOf(events);
  const plan = upgradePlan(loaded.plan);
  const { started } = told<RunFlowArgs>(events[0]?.workflowExecutionStartedEventAttributes?.input);
  const { advance, conclude, evolve, failRun, initialState, requestStop } = interpreterFor(plan);
  const now = started.data.at;
  const asked = new Map(events.map((event) => [event.eventId, event.activityTaskScheduledEventAttributes?.input]));
  const before = taken.status === 'taken' && taken.history.events.length > 0 ? taken.history.events : [started];
  let { state } = advance(plan, evolve(plan, initialState(plan), before), { now });
  for (const event of events) {
    const signal = event.workflowExecutionSignaledEventAttributes;
    const completed = event.activityTaskCompletedEventAttributes;
    const failed = event.activityTaskFailedEventAttributes;
    if (signal?.signalName === 'stop') state = requestStop(plan, state, { now, reason: told<string>(signal.input) }).state;
    if (failed !== undefined) state = failRun(plan, state, { now, error: failed.failure.message }).state;
    if (completed === undefined) continue;
    const { effect } = told<EffectToPerform>(asked.get(completed.scheduledEventId));
    const performed = told<PerformedEffect>(completed.result);
    if (performed.status !== 'performed') throw new Error(`an effect was not performed: ${performed.status}`);
    state = conclude(plan, state, { now, effectId: effect.effectId, result: performed.result }).state;
  }
  return state.finished;
}

/** The last words of an error that Temporal gave, with what the workflow says around it. */
const timeless = (data: RunFinished['data'] | null): unknown => (data === null ? null : { ...data, at: 0, elapsedMs: 0, error: null });

/** What runs can go through, the file that holds one, and what shows it. */
const KINDS: readonly (readonly [kind: string, prefix: string, has: (event: HistoryEvent) => boolean])[] = [
  ['done without effects', 'rules-only', (event) => event.workflowExecutionCompletedEventAttributes !== undefined],
  ['done with one effect', 'cascade', (event) => event.activityTaskCompletedEventAttributes !== undefined],
  ['done with effects side by side', 'second-opinion', (event) => event.activityTaskCompletedEventAttributes !== undefined],
  ['stopped', 'stopped', (event) => event.workflowExecutionSignaledEventAttributes !== undefined],
  ['continued as new', 'continued', (event) => event.workflowExecutionContinuedAsNewEventAttributes !== undefined],
  [
    'on the queue of a provider',
    'provider-queue',
    (event) => event.activityTaskScheduledEventAttributes?.taskQueue.name.endsWith('.openai') === true,
  ],
  ['poisoned', 'poisoned', (event) => event.activityTaskFailedEventAttributes !== undefined],
];

const signalled =
  (name: string) =>
  (event: HistoryEvent): boolean =>
    event.workflowExecutionSignaledEventAttributes?.signalName === name;
const asksFor =
  (name: string) =>
  (event: HistoryEvent): boolean =>
    event.activityTaskScheduledEventAttributes?.activityType.name === name;
const begins =
  (name: string) =>
  (event: HistoryEvent): boolean =>
    event.startChildWorkflowExecutionInitiatedEventAttributes?.workflowType.name === name;
const isContinued = (event: HistoryEvent): boolean => event.workflowExecutionContinuedAsNewEventAttributes !== undefined;

/** What the other workflows can go through: the workflow, the file, and what shows it. */
const OTHERS: readonly (readonly [workflow: string, file: string, has: readonly ((event: HistoryEvent) => boolean)[]])[] = [
  ['runBatch', 'batches/finished', [begins('dispatchRuns'), signalled('progress'), asksFor('closeBatch')]],
  ['dispatchRuns', 'batches/finished-shard-0', [asksFor('performRuns')]],
  [
    'runEvaluation',
    'batches/paused',
    [signalled('pause'), signalled('resume'), (event) => event.upsertWorkflowSearchAttributesEventAttributes !== undefined],
  ],
  ['dispatchRuns', 'batches/paused-shard-0', [signalled('pause'), signalled('resume')]],
  ['dispatchRuns', 'batches/continued-shard-0-1', [isContinued]],
  ['dispatchRuns', 'batches/continued-shard-0-2', [isContinued]],
  ['dispatchRuns', 'batches/poisoned-shard-0', [begins('runFlow'), asksFor('failRuns')]],
  ['runBatch', 'batches/cancelled', [(event) => event.workflowExecutionCancelRequestedEventAttributes !== undefined]],
  ['dispatchRuns', 'batches/cancelled-shard-0', [signalled('cancel')]],
  ['scheduled', 'schedules/run', [begins('runFlow')]],
  ['scheduled', 'schedules/evaluation', [asksFor('evaluateOccurrence')]],
  ['scheduled', 'schedules/nothing', []],
  ['decideSource', 'sources/stopped', [asksFor('decidePart')]],
  ['decideSource', 'sources/continued-1', [asksFor('decidePart'), isContinued]],
  ['decideSource', 'sources/resumed', [(event) => event.timerFiredEventAttributes !== undefined]],
];

describe('recorded histories', () => {
  let workflowBundle: WorkflowBundle;

  beforeAll(async () => {
    // The refusal below is an error on purpose: nobody need read about it.
    Runtime.install({
      logger: silent,
      shutdownSignals: [],
      telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }) } },
    });
    workflowBundle = await bundleWorkflowCode({ workflowsPath, logger: silent });
  }, 60_000);

  /** Under its own name, from which those of its children are made. */
  const replay = async (text: string, options: ReplayWorkerOptions = { workflowBundle }): Promise<unknown> => {
    const history = JSON.parse(text) as { readonly events: readonly HistoryEvent[] };
    const workflowId = history.events[0]?.workflowExecutionStartedEventAttributes?.workflowId ?? 'default/replayed';
    for await (const { error } of Worker.runReplayHistories(options, [{ workflowId, history }])) return error ?? null;
    throw new Error('nothing was replayed');
  };

  it.each(files)('%s is replayed by the workflow of today', async (name) => {
    expect(await replay(textOf(name))).toBeNull();
  });

  it.each(runs)('%s leads to the same outcome with the interpreter of today', (name) => {
    const events = eventsOf(name);
    const last = events.at(-1);
    const continued = last?.workflowExecutionContinuedAsNewEventAttributes;
    const finished = finishedOf(events);
    if (continued !== undefined) {
      expect(finished).toBeNull();
      expect(told<RunFlowArgs>(continued.input).limitFrom).toBeGreaterThan(0);
      return;
    }
    const recorded = told<RunFlowResult>(last?.workflowExecutionCompletedEventAttributes?.result);
    if (recorded.status !== 'finished') throw new Error(`the recorded run ended as ${recorded.status}`);
    expect(timeless(finished)).toEqual(timeless(recorded.data));
    expect(recorded.data.error ?? '').toContain(finished?.error ?? '');
  });

  it.each(KINDS)('of a run that was %s are among them, for every version of plans', (_, prefix, has) => {
    for (let version = 1; version <= PLAN_VERSION; version++) {
      const found = files.filter((name) => name.startsWith(`v${version}/${prefix}`));
      expect(found.length, `v${version}/${prefix}`).toBeGreaterThan(0);
      expect(found.some((name) => eventsOf(name).some(has))).toBe(true);
    }
  });

  it.each(OTHERS)('of %s are among them: %s', (workflow, name, has) => {
    const events = eventsOf(`${name}.json`);
    expect(events[0]?.workflowExecutionStartedEventAttributes?.workflowType.name).toBe(workflow);
    for (const shows of has) expect(events.some(shows), String(shows)).toBe(true);
  });

  it.each(files)('%s names no machine', (name) => {
    const plain = eventsOf(name)
      .map((event) =>
        JSON.stringify(event, (key, value: unknown) =>
          key === 'data' && typeof value === 'string' ? Buffer.from(value, 'base64').toString('utf8') : value,
        ),
      )
      .join('\n');
    expect(plain).not.toMatch(/\/(?:home|root|tmp|work|Users)\/|\d+@[\w-]+|127\.0\.0\.1|localhost/);
    expect(plain).toContain('"identity":"riskflow-test"');
  });

  it('of workflows that go on as new executions move to the build that new ones go to', async () => {
    const interceptor = fileURLToPath(new URL('fixtures/current-build-only.ts', import.meta.url));
    const watched = await bundleWorkflowCode({ workflowsPath, logger: silent, workflowInterceptorModules: [interceptor] });
    const options = { workflowBundle: watched, interceptors: { workflowModules: [interceptor] } };
    for (const name of [
      'batches/continued-shard-0-1',
      'batches/continued-shard-0-2',
      'v1/continued-1',
      'v1/continued-2',
      'sources/continued-1',
    ])
      expect(await replay(textOf(`${name}.json`), options), name).toBeNull();
  }, 60_000);

  it.each([
    ['v1/second-opinion', '"performEffect"', '"performOtherEffect"'],
    ['batches/finished', '"dispatchRuns"', '"dispatchOthers"'],
    ['batches/finished-shard-0', '"performRuns"', '"performOthers"'],
    ['batches/paused', '"closeBatch"', '"endBatch"'],
    ['schedules/evaluation', '"evaluateOccurrence"', '"evaluateOther"'],
    ['sources/stopped', '"decidePart"', '"decideOther"'],
  ])('that another workflow wrote are refused: the replay of %s can fail', async (name, from, to) => {
    const text = textOf(`${name}.json`);
    expect(await replay(text.replaceAll(from, to))).toBeInstanceOf(DeterminismViolationError);
  });
});
