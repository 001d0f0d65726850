import { setTimeout as delay } from 'node:timers/promises';
import type { Plan } from '../../../flow/index.ts';
import { RiskflowError, type RunEvent, type RunFinished } from '../../../schemas/index.ts';
import type { RunFlowResult } from '../../../workflows/index.ts';
import { newId, type Context } from '../../context.ts';
import { DEFAULT_RUN_TIMEOUT_MS } from '../../embedded/run-host.ts';
import { neededTemporal } from '../../temporal/place.ts';
import { finishedRun, type FinishedRun, type RunRequest } from './run-flow.ts';
import { readRun, readRunAfter } from './run-reads.ts';
import { checkRun, startRun } from './run-start.ts';

export type TemporalRunRequest = RunRequest & {
  /** Told when nothing has happened for some seconds since nobody works on it, each reason once, and of each node that asks a person. */
  readonly onWaiting?: (sentence: string) => void;
  /** Told what the server lacks. */
  readonly onNotice?: (sentence: string) => void;
};

const POLL_MS = 150;

/**
 * Runs a plan once on Temporal and follows it to its end: whichever worker drives it writes the same events as a run in this process.
 * When this process ends too early the run goes on without it.
 * @throws RiskflowError `invalid_input` before anything is written; `failed` when no server answers or the run could not be driven
 */
export async function runFlowOnTemporal(context: Context, request: TemporalRunRequest): Promise<FinishedRun> {
  const { plan } = request;
  const place = neededTemporal(context.settings.temporal);
  checkRun(context, request);
  // Loaded when it is needed: it takes longer than all the rest of the program.
  const { openAppRunClient } = await import('../../temporal/client.ts');
  const { onNotice } = request;
  const client = await openAppRunClient(context, onNotice === undefined ? {} : { onNotice });
  const ended = new AbortController();
  try {
    const runId = newId();
    const { workspaceId, actor } = context;
    const started = startRun(context, { ...request, runId, mode: 'manual', origin: { kind: 'manual' } });
    const timeoutMs = context.settings.config.runTimeoutMs ?? DEFAULT_RUN_TIMEOUT_MS;
    await client.start({ workspaceId, runId, flowVersion: plan.flowVersion, started, actor, timeoutMs });
    request.onBegun?.(started.data);
    const run = { workspaceId, runId };
    const followed = follow(context, { runId, request });
    const { watchAttendance } = await import('../../temporal/attendance.ts');
    const watched = watchAttendance({
      what: `run ${runId}`,
      taskQueue: place.taskQueue,
      ask: () => client.attendance(run),
      quietMs: followed.quietMs,
      tell: (sentence) => request.onWaiting?.(sentence),
      signal: ended.signal,
    });
    const result = await Promise.race([
      resultOf(context, runId, () => client.result(run)),
      aborted(request.signal, runId),
      watched,
    ]).finally(followed.end);
    await followed.seen();
    if (result !== undefined) return finishedRun(started, result);
    throw new RiskflowError('busy', `run ${runId} was taken over by another process, which goes on with it`);
  } finally {
    ended.abort();
    await client.close();
  }
}

/** Its events tell how a run ended, whatever became of its workflow: who stops a run that nobody has begun ends both. */
async function resultOf(context: Context, runId: string, ask: () => Promise<RunFlowResult>): Promise<RunFinished['data'] | undefined> {
  const stored = async (): Promise<RunFinished['data'] | undefined> => {
    const last = (await readRun(context, runId)).at(-1);
    return last?.type === 'RunFinished' ? last.data : undefined;
  };
  try {
    const result = await ask();
    return result.status === 'finished' ? result.data : await stored();
  } catch (error) {
    const data = await stored();
    if (data !== undefined) return data;
    throw error;
  }
}

/** Whoever follows a run may go: Temporal goes on with it. */
function aborted(signal: AbortSignal | undefined, runId: string): Promise<never> {
  return new Promise((_, reject) => {
    const leave = (): void =>
      reject(
        new RiskflowError('failed', `nobody follows run ${runId} any more; Temporal goes on with it`, {
          hint: `stop it with: riskflow run --stop ${runId}`,
        }),
      );
    if (signal?.aborted === true) leave();
    else signal?.addEventListener('abort', leave, { once: true });
  });
}

/** The title of a node that begins to ask a person; one whose answer is pinned asks nobody. */
function questionOf({ nodes }: Plan, { type, data }: RunEvent): string | undefined {
  if (type !== 'NodeStarted') return undefined;
  const node = nodes.find(({ id }) => id === data.nodeId);
  const { inputs } = data;
  const asks = typeof inputs === 'object' && inputs !== null && 'form_content' in inputs;
  return node?.behaviour.kind === 'human-input' && asks ? node.title : undefined;
}

/** Tells of each event once it is stored, until `end`; `seen` resolves when all that there are then were told. */
function follow(
  context: Context,
  { runId, request }: { readonly runId: string; readonly request: TemporalRunRequest },
): { readonly end: () => void; readonly seen: () => Promise<void>; readonly quietMs: () => number } {
  const { onEvent, plan } = request;
  let moved = performance.now();
  let told = 0;
  let over = false;
  const asking = new Set<string>();
  const look = async (): Promise<void> => {
    const fresh: readonly RunEvent[] = await readRunAfter(context, runId, told);
    told += fresh.length;
    if (fresh.length > 0) moved = performance.now();
    for (const event of fresh) {
      onEvent?.(event, plan);
      const asked = questionOf(plan, event);
      if (asked === undefined || asking.has(asked)) continue;
      asking.add(asked);
      request.onWaiting?.(
        `"${asked}" asks a person, and the run goes on with the answer: riskflow run --answer ${runId} shows what is asked`,
      );
    }
  };
  const watching = (async () => {
    while (!over) {
      await look();
      await delay(POLL_MS);
    }
  })();
  // Its failure shows when the end is awaited.
  watching.catch(() => undefined);
  return {
    end: () => {
      over = true;
    },
    quietMs: () => performance.now() - moved,
    seen: async () => {
      await watching;
      await look();
    },
  };
}
