import { setTimeout as delay } from 'node:timers/promises';
import { RiskflowError, type RunEvent } from '../../../schemas/index.ts';
import { newId, type Context } from '../../context.ts';
import { DEFAULT_RUN_TIMEOUT_MS } from '../../embedded/run-host.ts';
import { payloadBlobs } from '../../temporal/payload-blobs.ts';
import { neededTemporal } from '../../temporal/place.ts';
import { finishedRun, type FinishedRun, type RunRequest } from './run-flow.ts';
import { readRunAfter } from './run-reads.ts';
import { checkRun, startRun } from './run-start.ts';

export type TemporalRunRequest = RunRequest & {
  /** Told once when no worker has taken the run for some seconds. */
  readonly onWaiting?: (sentence: string) => void;
  /** Told what the server lacks. */
  readonly onNotice?: (sentence: string) => void;
};

const POLL_MS = 150;
const PATIENCE_MS = 5_000;

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
  const { connectRunClient } = await import('../../temporal/client.ts');
  const { onNotice } = request;
  const blobs = payloadBlobs(context.storage, context.workspaceId);
  const client = await connectRunClient(place, { blobs, ...(onNotice === undefined ? {} : { onNotice }) });
  try {
    const runId = newId();
    const { workspaceId, actor } = context;
    const started = startRun(context, { ...request, runId, mode: 'manual', origin: { kind: 'manual' } });
    const timeoutMs = context.settings.config.runTimeoutMs ?? DEFAULT_RUN_TIMEOUT_MS;
    await client.start({ workspaceId, runId, flowVersion: plan.flowVersion, started, actor, timeoutMs });
    request.onBegun?.(started.data);
    const followed = follow(context, { runId, request });
    const result = await Promise.race([client.result({ workspaceId, runId }), aborted(request.signal, runId)]).finally(followed.end);
    await followed.seen();
    if (result.status === 'finished') return finishedRun(started, result.data);
    throw new RiskflowError('busy', `run ${runId} was taken over by another process, which goes on with it`);
  } finally {
    await client.close();
  }
}

/** Whoever follows a run may go: Temporal goes on with it. */
function aborted(signal: AbortSignal | undefined, runId: string): Promise<never> {
  return new Promise((_, reject) => {
    const leave = (): void => reject(new RiskflowError('failed', `nobody follows run ${runId} any more; Temporal goes on with it`));
    if (signal?.aborted === true) leave();
    else signal?.addEventListener('abort', leave, { once: true });
  });
}

/** Tells of each event once it is stored, until `end`; `seen` resolves when all that there are then were told. */
function follow(
  context: Context,
  { runId, request }: { readonly runId: string; readonly request: TemporalRunRequest },
): { readonly end: () => void; readonly seen: () => Promise<void> } {
  const { onEvent, onWaiting, plan } = request;
  const began = performance.now();
  let told = 0;
  let over = false;
  let warned = false;
  const look = async (): Promise<void> => {
    const fresh: readonly RunEvent[] = await readRunAfter(context, runId, told);
    told += fresh.length;
    for (const event of fresh) onEvent?.(event, plan);
    if (told > 0 || warned || performance.now() - began < PATIENCE_MS) return;
    warned = true;
    onWaiting?.(`no worker has taken run ${runId} yet: start one with riskflow worker`);
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
    seen: async () => {
      await watching;
      await look();
    },
  };
}
