import { setTimeout as delay } from 'node:timers/promises';
import type { Connection, WorkflowService } from '@temporalio/client';
import { RiskflowError } from '../../schemas/index.ts';
import { isKeyTrouble, KEYS_VARIABLE } from './codec-trouble.ts';

/** What a server knows of whether anybody works on an open workflow. Times are milliseconds since 1970. */
export type Attendance = {
  /** Whether a worker ever came further with it than to its first look. */
  readonly taken: boolean;
  /** When a worker last asked for work of its queue; null when none did for some minutes. */
  readonly lastAsked: number | null;
  /** Why the last worker that had it could not go on, while that is so. */
  readonly failing: string | null;
};

type Place = { readonly connection: Connection; readonly namespace: string; readonly taskQueue: string };

/** `TASK_QUEUE_TYPE_WORKFLOW` of Temporal's API. */
const WORKFLOW_QUEUE = 1;
const LAST_EVENTS = 20;
const FIRST_EVENTS = 500;

/** Undefined when there is no such workflow, or when it is over. */
export async function attendanceOf({ connection, namespace, taskQueue }: Place, workflowId: string): Promise<Attendance | undefined> {
  const { workflowService } = connection;
  const execution = { workflowId };
  const about = await workflowService.describeWorkflowExecution({ namespace, execution }).catch(absent);
  if (about === undefined || about.workflowExecutionInfo?.closeTime != null) return undefined;
  const { history } = await workflowService.getWorkflowExecutionHistoryReverse({ namespace, execution, maximumPageSize: LAST_EVENTS });
  const events = history?.events ?? [];
  const failure = events.findIndex((event) => event.workflowTaskFailedEventAttributes != null);
  const success = events.findIndex((event) => event.workflowTaskCompletedEventAttributes != null);
  const failed = failure !== -1 && (success === -1 || failure < success) ? events[failure] : undefined;
  const unread = about.pendingActivities.find(({ lastFailure }) => isKeyTrouble(lastFailure?.message ?? ''));
  return {
    taken: success !== -1 || (events.length === LAST_EVENTS && (await wasEverTaken(workflowService, { namespace, execution }))),
    lastAsked: await lastAskedOf({ connection, namespace, taskQueue }),
    failing: unread?.lastFailure?.message ?? failed?.workflowTaskFailedEventAttributes?.failure?.message ?? null,
  };
}

/** Signals may be all that the last events are. The first event of a worker comes early, if at all. */
async function wasEverTaken(
  service: WorkflowService,
  of: { readonly namespace: string; readonly execution: { readonly workflowId: string } },
): Promise<boolean> {
  const { history } = await service.getWorkflowExecutionHistory({ ...of, maximumPageSize: FIRST_EVENTS });
  const events = history?.events ?? [];
  // So many signals to what nobody took are nobody's way of asking.
  return events.length === FIRST_EVENTS || events.some((event) => event.workflowTaskCompletedEventAttributes != null);
}

/** When a worker last asked for work of a queue; null when none did for some minutes. */
async function lastAskedOf({ connection, namespace, taskQueue }: Place): Promise<number | null> {
  const { pollers } = await connection.workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name: taskQueue },
    taskQueueType: WORKFLOW_QUEUE,
  });
  const asked = pollers.map(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1_000);
  return asked.length === 0 ? null : Math.max(...asked);
}

/** Status of gRPC for what is not there. */
const NOT_FOUND = 5;

function absent(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === NOT_FOUND) return undefined;
  throw error;
}

/** A worker that finds no work asks again after a minute at the latest. */
const ASKS_AGAIN_MS = 70_000;

type Subject = { readonly what: string; readonly taskQueue: string; readonly now: number };

/** Why nothing happens, in one sentence for who waits for it; undefined while all is well. `what`: `run r-1`. */
export function standstillSentence({ taken, lastAsked, failing }: Attendance, { what, taskQueue, now }: Subject): string | undefined {
  if (failing !== null) return `the worker of ${what} cannot go on with it, and tries again: ${failing}`;
  const stands = taken ? `${what} stands still` : `no worker has taken ${what} yet`;
  const lack = lackSentence(lastAsked, { taskQueue, now });
  if (lack !== undefined) return `${stands}: ${lack}`;
  if (taken) return undefined;
  return `${stands}, though one is at the task queue ${taskQueue}, or was until a moment ago: ${START}; riskflow worker --builds tells where new work goes`;
}

const START = 'start one with riskflow worker';

function lackSentence(lastAsked: number | null, { taskQueue, now }: Omit<Subject, 'what'>): string | undefined {
  if (lastAsked === null) return `none is at the task queue ${taskQueue}: ${START}`;
  const ago = now - lastAsked;
  return ago > ASKS_AGAIN_MS ? `none has been at the task queue ${taskQueue} for ${Math.round(ago / 1_000)} s: ${START}` : undefined;
}

/** That work of a queue would wait, as no worker is there; undefined where one is. */
export async function lackOfWorkers(place: Place): Promise<string | undefined> {
  const lack = lackSentence(await lastAskedOf(place), { taskQueue: place.taskQueue, now: Date.now() });
  return lack === undefined ? undefined : `what is due waits for a worker, and ${lack}`;
}

/** How long nothing may happen before it is asked why, and how often then. */
const PATIENCE_MS = 5_000;

export type Watched = {
  /** `run r-1`. */
  readonly what: string;
  readonly taskQueue: string;
  readonly ask: () => Promise<Attendance | undefined>;
  /** Milliseconds since something happened last. */
  readonly quietMs: () => number;
  /** Told each reason once. */
  readonly tell: (sentence: string) => void;
  readonly signal: AbortSignal;
};

/**
 * Looks after work that is waited for, until the signal is aborted. @throws RiskflowError `missing_key` when no worker can read it, for it
 * will stand still until a person does something
 */
export async function watchAttendance({ what, taskQueue, ask, quietMs, tell, signal }: Watched): Promise<never> {
  const told = new Set<string>();
  for (;;) {
    await delay(PATIENCE_MS, undefined, { signal });
    if (quietMs() < PATIENCE_MS) continue;
    // A server that is away for a moment shows elsewhere.
    const attendance = await ask().catch(() => undefined);
    signal.throwIfAborted();
    if (attendance === undefined) continue;
    const { failing } = attendance;
    if (failing !== null && isKeyTrouble(failing)) {
      throw new RiskflowError('missing_key', `no worker can read what ${what} was given: ${failing}`, {
        hint: `set the same ${KEYS_VARIABLE} for this command and for every worker, old keys after the one that encrypts; ${what} waits on Temporal and goes on then`,
      });
    }
    const sentence = standstillSentence(attendance, { what, taskQueue, now: Date.now() });
    // Seconds go by, the reason stays.
    const reason = sentence?.replaceAll(/\d+ s\b/g, '') ?? '';
    if (sentence !== undefined && !told.has(reason)) tell(sentence);
    told.add(reason);
  }
}
