import { setTimeout as delay } from 'node:timers/promises';
import { answerOutputs, interpreterFor, renderText, type Plan } from '../../../flow/index.ts';
import {
  decodeValue,
  encodeValue,
  isArray,
  isObject,
  messageOf,
  NO_USAGE,
  RiskflowError,
  type Json,
  type ObjectValue,
  type RunEvent,
  type Value,
  type Values,
} from '../../../schemas/index.ts';
import type { Context } from '../../context.ts';
import { TEMPORAL_HOST } from '../../leases.ts';
import { readRun, readStarted } from './run-reads.ts';
import { planOf } from './run-resume.ts';

/** What a run asks a person, until somebody answers. */
export type OpenQuestion = {
  readonly nodeId: string;
  /** Where it is asked: the node's id, and before it the passes it runs in: `items[2]/ask`. Names one question of a run. */
  readonly place: string;
  readonly title: string;
  readonly effectId: string;
  /** Markdown. */
  readonly form: string;
  readonly fields: readonly { readonly name: string; readonly type: string; readonly default: Value }[];
  readonly actions: readonly { readonly id: string; readonly title: string }[];
  /** Milliseconds since 1970; null waits for good. */
  readonly until: number | null;
};

export type AnswerRequest = {
  readonly runId: string;
  /** Which question is answered, by its place or by its node's id; needed when several are asked. */
  readonly node?: string;
  readonly action: string;
  readonly values: Values;
  readonly onWarning?: (sentence: string) => void;
};

/** `here`: nobody drives the run, and `resumeRun` goes on with it. `owner`: its owner goes on by itself. */
export type AnswerTaken = { readonly goesOn: 'here' | 'owner' };

/** What a run asks people now; nothing when it is over or at work. @throws RiskflowError `not_found` */
export async function openQuestions(context: Context, runId: string): Promise<readonly OpenQuestion[]> {
  const { questions } = await askedOf(context, runId);
  return questions.map(({ inputs: _, ...question }) => question);
}

/**
 * Answers what a run asks: the answer is stored first, and only the first one counts; then word goes to the run's workflow where it has one.
 * @throws RiskflowError `not_found`, `usage` when nothing is asked or the answer does not fit, `busy` when it was answered before
 */
export async function answerRun(context: Context, { runId, node, action, values, onWarning }: AnswerRequest): Promise<AnswerTaken> {
  const { storage, workspaceId } = context;
  const { questions } = await askedOf(context, runId);
  const meant = node === undefined ? questions : questions.filter(({ nodeId, place }) => nodeId === node || place === node);
  const [question, ...others] = meant;
  if (question === undefined) {
    const asked = questions.map(({ place }) => `"${place}"`).join(', ');
    throw new RiskflowError('usage', `run ${runId} asks nobody anything${node === undefined ? '' : ` at node "${node}"`}`, {
      ...(asked === '' ? {} : { hint: `it waits at ${asked}` }),
    });
  }
  if (others.length > 0)
    throw new RiskflowError('usage', `run ${runId} asks at ${meant.length} places: name the one that is answered`, {
      hint: `--node ${meant
        .slice(0, NAMED)
        .map(({ place }) => quoted(place))
        .join(' or --node ')}${meant.length > NAMED ? ' or …' : ''}`,
    });
  const outputs = answerOutputs(question.inputs, { action, values });
  if (!outputs.ok) throw new RiskflowError('usage', `node "${question.title}": ${outputs.message}`);
  const result = { status: 'succeeded' as const, outputs: encodeValue(outputs.outputs), usage: NO_USAGE, elapsedMs: 0, reused: false };
  const stored = await storage.effects.put(workspaceId, { runId, effectId: question.effectId, result });
  if (JSON.stringify(stored) !== JSON.stringify(result))
    throw new RiskflowError('busy', `node "${question.title}" of run ${runId} was answered before, and that answer counts`);
  const status = await storage.events.runStatus(workspaceId, runId);
  const lease = status === undefined ? undefined : await storage.leases.read(workspaceId, status.resource);
  if (lease?.host === TEMPORAL_HOST) {
    await tellWorkflow(context, runId, onWarning);
    return { goesOn: 'owner' };
  }
  return { goesOn: (await isDriven(context, runId)) ? 'owner' : 'here' };
}

/** More are counted, not named. */
const NAMED = 5;
/** As a shell takes it. */
const quoted = (place: string): string => (/^[\w-]+$/.test(place) ? place : `'${place}'`);

/** An owner that is about to leave a run has left it within this time. */
const LEAVING_MS = 1_000;
const POLL_MS = 50;

/** Whether somebody drives the run and sees the answer: one who paused it and is about to go does not. */
async function isDriven(context: Context, runId: string): Promise<boolean> {
  const { storage, workspaceId } = context;
  for (const began = performance.now(); ; await delay(POLL_MS)) {
    const status = await storage.events.runStatus(workspaceId, runId);
    // What a paused run was part of goes on without it.
    const resource = status?.status === 'paused' ? `run/${runId}` : status?.resource;
    const lease = resource === undefined ? undefined : await storage.leases.read(workspaceId, resource);
    if (lease === undefined || lease.until <= context.now() || context.isDead(lease)) return false;
    if (performance.now() - began > LEAVING_MS) return true;
  }
}

type Asked = OpenQuestion & { readonly inputs: Json };

async function askedOf(context: Context, runId: string): Promise<{ readonly plan: Plan; readonly questions: readonly Asked[] }> {
  if ((await context.storage.events.runStatus(context.workspaceId, runId)) === undefined)
    throw new RiskflowError('not_found', `there is no run "${runId}"`);
  const started = await readStarted(context, runId);
  const [plan, history] = await Promise.all([planOf(context, started), readRun(context, runId)]);
  const { evolve, initialState, pendingEffects } = interpreterFor(plan);
  const state = evolve(plan, initialState(plan), history);
  const effects = state.finished === null ? pendingEffects(plan, state, { now: context.now() }) : [];
  const questions: Asked[] = [];
  for (const { request, effectId, nodeId, title } of effects) {
    if (request.kind !== 'human-input') continue;
    if ((await context.storage.effects.find(context.workspaceId, runId, effectId)) !== undefined) continue;
    const { inputs, place } = askedAt(history, effectId);
    const until = request.timeoutMs === null ? null : request.askedAt + request.timeoutMs;
    questions.push({ nodeId, place, title, effectId, until, inputs, ...formOf(inputs) });
  }
  return { plan, questions };
}

function askedAt(history: readonly RunEvent[], effectId: string): { readonly inputs: Json; readonly place: string } {
  const event = history.find((known) => known.type === 'NodeStarted' && known.data.effectId === effectId);
  if (event?.type !== 'NodeStarted') throw new RiskflowError('internal', `the question ${effectId} was never asked`);
  const { inputs, nodeId, path } = event.data;
  return { inputs, place: [...path.map(([container, pass]) => `${container}[${pass}]`), nodeId].join('/') };
}

function formOf(inputs: Json): Pick<OpenQuestion, 'form' | 'fields' | 'actions'> {
  const asked = decodeValue(inputs);
  const part = (name: string): Value => (isObject(asked) ? (asked.get(name) ?? null) : null);
  const items = (name: string): readonly ObjectValue[] => {
    const list = part(name);
    return isArray(list) ? list.filter(isObject) : [];
  };
  const text = (value: Value | undefined): string => renderText(value ?? '');
  return {
    form: text(part('form_content')),
    fields: items('inputs').map((field) => ({
      name: text(field.get('output_variable_name')),
      type: text(field.get('type')),
      default: field.get('default') ?? null,
    })),
    actions: items('actions').map((item) => ({ id: text(item.get('id')), title: text(item.get('title')) })),
  };
}

async function tellWorkflow(context: Context, runId: string, onWarning: AnswerRequest['onWarning']): Promise<void> {
  try {
    // Loaded when it is needed: it takes longer than all the rest of the program.
    const { openAppRunClient } = await import('../../temporal/client.ts');
    const client = await openAppRunClient(context);
    try {
      await client.answered({ workspaceId: context.workspaceId, runId });
    } finally {
      await client.close();
    }
  } catch (error) {
    onWarning?.(`the workflow of run ${runId} could not be told, and will see the answer by itself within minutes: ${messageOf(error)}`);
  }
}
