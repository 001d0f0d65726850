import { RiskflowError, type RunEvent, type RunStarted, type StoredEvent } from '../../../schemas/index.ts';
import type { Context } from '../../context.ts';
import { runStream } from '../../embedded/run-host.ts';
import { TEMPORAL_HOST } from '../../leases.ts';

type Reader = Pick<Context, 'storage' | 'workspaceId'>;

// Written by this program as RunEvent; upcast on read.
const toRunEvent = ({ type, data }: StoredEvent): RunEvent => ({ type, data }) as RunEvent;

const PAGE = 1000;

/** All events of a run, in order. */
export const readRun = (reader: Reader, runId: string): Promise<readonly RunEvent[]> => readRunAfter(reader, runId, 0);

/** The events of a run without its first `known`. */
export async function readRunAfter({ storage, workspaceId }: Reader, runId: string, known: number): Promise<readonly RunEvent[]> {
  const events: RunEvent[] = [];
  for (;;) {
    const page = await storage.events.readStream(workspaceId, runStream(runId), { afterVersion: known + events.length, limit: PAGE });
    for (const stored of page) events.push(toRunEvent(stored));
    if (page.length < PAGE) return events;
  }
}

/** How a run was begun. @throws RiskflowError `internal`: a run is never without. */
export async function readStarted({ storage, workspaceId }: Reader, runId: string): Promise<RunStarted> {
  const [stored] = await storage.events.readStream(workspaceId, runStream(runId), { limit: 1 });
  const event = stored === undefined ? undefined : toRunEvent(stored);
  if (event?.type !== 'RunStarted') throw new RiskflowError('internal', `run ${runId} has no RunStarted event`);
  return event;
}

/** `since`: milliseconds since 1970 when it began. */
export type InterruptedRun = { readonly runId: string; readonly flow: string; readonly since: number };

/** Runs that a person started and that nobody works on any more, as their processes ended too early; oldest first. */
export async function interruptedRuns(context: Context): Promise<readonly InterruptedRun[]> {
  const { storage, workspaceId } = context;
  const interrupted: InterruptedRun[] = [];
  for (const { runId, flow, since, resource } of await storage.events.unfinishedRuns(workspaceId, { mode: 'manual' })) {
    const lease = await storage.leases.read(workspaceId, resource);
    // Temporal goes on with its own.
    if (lease?.host === TEMPORAL_HOST) continue;
    if (lease !== undefined && lease.until > context.now() && !context.isDead(lease)) continue;
    // It may have ended after it was listed, and only therefore have nobody.
    if ((await storage.events.runStatus(workspaceId, runId))?.status === 'running') interrupted.push({ runId, flow, since });
  }
  return interrupted;
}
