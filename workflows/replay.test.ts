import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, makeTelemetryFilterString, Runtime, Worker, type WorkflowBundle } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { beforeAll, describe, expect, it } from 'vitest';
import { advance, conclude, evolve, initialState, type Plan } from '../flow/core.ts';
import { PLAN_VERSION, type EffectResult } from '../schemas/core.ts';
import type { RunActivities, RunFlowArgs, RunFlowResult } from './run-activities.ts';

/**
 * Histories of real runs on a real server, by the version of plans they ran. A change of the workflow that would break runs under way
 * shows here, without a server. Written by runtime/temporal/run-flow.stack.test.ts with RISKFLOW_RECORD_HISTORIES=1, once per version:
 * when this test fails, the change needs a new version (or a patch), not a new recording.
 */
const folder = new URL('histories/', import.meta.url);
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.json'))
  .map((name) => name.replaceAll('\\', '/'))
  .toSorted();
const textOf = (name: string): string => readFileSync(new URL(name, folder), 'utf8');

type Payloads = { readonly payloads?: readonly { readonly data?: string }[] };
type HistoryEvent = {
  readonly eventId: number;
  readonly workflowExecutionStartedEventAttributes?: { readonly input: Payloads };
  readonly markerRecordedEventAttributes?: { readonly details: Readonly<Record<string, Payloads>> };
  readonly activityTaskScheduledEventAttributes?: { readonly input: Payloads };
  readonly activityTaskCompletedEventAttributes?: { readonly scheduledEventId: number; readonly result: Payloads };
  readonly workflowExecutionCompletedEventAttributes?: { readonly result: Payloads };
};

/** What the payload says, which was written by this program. */
const told = <T>(payloads: Payloads | undefined): T =>
  JSON.parse(Buffer.from(payloads?.payloads?.[0]?.data ?? '', 'base64').toString('utf8')) as T;

const eventsOf = (name: string): readonly HistoryEvent[] =>
  (JSON.parse(textOf(name)) as { readonly events: readonly HistoryEvent[] }).events;

/** The plan that `loadPlan` gave: the marker whose result has nodes. */
function planOf(events: readonly HistoryEvent[]): Plan {
  for (const { markerRecordedEventAttributes: marker } of events) {
    const result = marker?.details['result'];
    const found = result === undefined ? null : told<Plan | { readonly status: string }>(result);
    if (found !== null && 'nodes' in found) return found;
  }
  throw new Error('the history holds no plan');
}

/** Feeds what the history says came from outside into the interpreter of today. */
function outcomeOf(events: readonly HistoryEvent[]): RunFlowResult {
  const plan = planOf(events);
  const { started } = told<RunFlowArgs>(events[0]?.workflowExecutionStartedEventAttributes?.input);
  const asked = new Map(events.map((event) => [event.eventId, event.activityTaskScheduledEventAttributes?.input]));
  let { state } = advance(plan, evolve(plan, initialState(plan), [started]), { now: started.data.at });
  for (const { activityTaskCompletedEventAttributes: completed } of events) {
    if (completed === undefined) continue;
    const { effect } = told<Parameters<RunActivities['performEffect']>[0]>(asked.get(completed.scheduledEventId));
    state = conclude(plan, state, { now: started.data.at, effectId: effect.effectId, result: told<EffectResult>(completed.result) }).state;
  }
  if (state.finished === null) throw new Error('the run did not end');
  return { status: 'finished', data: state.finished };
}

const timeless = (result: RunFlowResult): unknown => (result.status === 'finished' ? { ...result.data, at: 0, elapsedMs: 0 } : result);

describe('recorded histories', () => {
  let workflowBundle: WorkflowBundle;

  beforeAll(async () => {
    const logger = new DefaultLogger('ERROR', () => undefined);
    // The refusal below is an error on purpose: nobody need read about it.
    Runtime.install({
      logger,
      shutdownSignals: [],
      telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }) } },
    });
    workflowBundle = await bundleWorkflowCode({ workflowsPath: fileURLToPath(new URL('index.ts', import.meta.url)), logger });
  }, 60_000);

  const replay = async (history: unknown): Promise<unknown> => {
    for await (const { error } of Worker.runReplayHistories({ workflowBundle }, [{ workflowId: 'default/replayed', history }]))
      return error ?? null;
    throw new Error('nothing was replayed');
  };

  it('are there for every version of plans', () => {
    for (let version = 1; version <= PLAN_VERSION; version++) {
      expect(files.filter((name) => name.startsWith(`v${version}/`)).length, `v${version}`).toBeGreaterThanOrEqual(3);
    }
  });

  it.each(files)('%s is replayed by the workflow of today', async (name) => {
    expect(await replay(JSON.parse(textOf(name)))).toBeNull();
  });

  it.each(files)('%s leads to the same outcome with the interpreter of today', (name) => {
    const events = eventsOf(name);
    const recorded = told<RunFlowResult>(events.at(-1)?.workflowExecutionCompletedEventAttributes?.result);
    expect(recorded.status).toBe('finished');
    expect(timeless(outcomeOf(events))).toEqual(timeless(recorded));
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

  it('that another workflow wrote is refused: the replay can fail', async () => {
    const other = textOf('v1/second-opinion.json').replaceAll('"performEffect"', '"performOtherEffect"');
    expect(await replay(JSON.parse(other))).toBeInstanceOf(DeterminismViolationError);
  });
});
