import { interpreterFor, type Plan } from '../../../flow/index.ts';
import { hashJson, type DecisionStage, type Json, type RunEvent, type RunStarted, type WriteUnit } from '../../../schemas/index.ts';
import { readRun } from '../../commands/runs/run-reads.ts';
import { startRun } from '../../commands/runs/run-start.ts';
import { LOG_OF_RUNS, runStream } from '../../embedded/run-host.ts';
import { runIdOf } from './record-decision.ts';
import { recordInputs, viewOf } from './record-inputs.ts';
import type { RecordTask, RecordWork } from './record-work.ts';

/** The run that decides a record, and what happened in it so far. */
export type RecordRun = { readonly plan: Plan; readonly history: readonly RunEvent[]; readonly started: RunStarted };

/** A new run over the record, or the one that an earlier owner has begun; why the flow refuses the record. */
export async function beginOrResume(work: RecordWork, task: RecordTask): Promise<RecordRun | { readonly refusal: string }> {
  const { context, sourceId, reading } = work;
  const begun = await begunRun(work, task);
  if (begun !== null) return begun;
  const { plan, record, name, stage, pins } = task;
  const read = recordInputs(plan, reading, viewOf(record));
  if (!read.ok) return { refusal: read.message };
  const started = startRun(context, {
    plan,
    inputs: read.inputs,
    ...(read.query === undefined ? {} : { query: read.query }),
    ...(pins === undefined ? {} : { pins }),
    runId: runIdOf(name),
    mode: name.mode,
    origin: { kind: 'record', sourceId, recordId: record.recordId, stage },
  });
  return { plan, history: [], started };
}

/** The run as an earlier owner left it, or null. */
export async function begunRun(
  { context, planOf }: RecordWork,
  { name, mayBeBegun }: Pick<RecordTask, 'name' | 'mayBeBegun'>,
): Promise<RecordRun | null> {
  if (!mayBeBegun) return null;
  const history = await readRun(context, runIdOf(name));
  const started = history[0];
  return started?.type === 'RunStarted' ? { plan: await planOf(started.data), history, started } : null;
}

/** What ends a run that an earlier owner has begun, and that nobody goes on with. */
export function stopOf(
  { context, fence }: RecordWork,
  { plan, history, started }: RecordRun,
  reason: string,
): Pick<WriteUnit, 'appends' | 'runStatus'> {
  const { runId, flow, flowVersion, mode } = started.data;
  const { evolve, initialState, requestStop } = interpreterFor(plan);
  const state = evolve(plan, initialState(plan), history);
  const { facts } = requestStop(plan, state, { now: context.now(), reason });
  return {
    appends: [{ log: LOG_OF_RUNS, stream: runStream(runId), events: facts, expected: { from: history.length + 1 } }],
    runStatus: [{ runId, flow, flowVersion, mode, status: 'stopped', resource: fence.resource }],
  };
}

/** The stage at which it was begun: the canary that has ended since ends its runs as the canary. */
export const stageOf = ({ data: { origin } }: RunStarted): DecisionStage | undefined =>
  origin.kind === 'record' ? origin.stage : undefined;

/** The hash of what the run was given. */
export const inputsHashOf = ({ data: { inputs, system } }: RunStarted): string => hashJson({ inputs, query: queryIn(system) });

const queryIn = (system: Json): Json =>
  typeof system === 'object' && system !== null && !Array.isArray(system) && 'query' in system ? (system['query'] ?? null) : null;
