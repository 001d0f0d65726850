import { messageOf, type Schedules } from '../../schemas/index.ts';
import type { Context } from '../context.ts';
import { embeddedSchedules } from './embedded-schedules.ts';
import { performHere } from './perform-occurrence.ts';
import { keepSchedules, machineClock, SCHEDULER } from './scheduler.ts';
import type { SchedulerNews } from './scheduler-types.ts';

/** The schedules of the application: Temporal keeps them where a server is set, else a scheduler of this program. */
export async function openSchedules(context: Context): Promise<Schedules> {
  const place = context.settings.temporal;
  if (place === undefined) return embeddedSchedules(context);
  // Loaded when it is needed: it takes longer than all the rest of the program.
  const { temporalSchedules } = await import('../temporal/schedules.ts');
  return temporalSchedules(context, place);
}

/** Keeps the schedules in this process until the signal is aborted. A run in flight is then left as it is, and goes on at the next start. */
export const keepAppSchedules = (
  context: Context,
  { signal, onNews }: { readonly signal: AbortSignal; readonly onNews: (news: SchedulerNews) => void },
): Promise<void> => {
  const { workspaceId, storage, leases, owner, isDead, now, actor } = context;
  const perform = performHere(context, 'here');
  return keepSchedules({ workspaceId, storage, leases, owner, isDead, now, actor, clock: machineClock, perform, onNews }, signal);
};

/** Why nothing would happen now at the time of a schedule, in one sentence; null where all that is needed is there. */
export async function schedulesLack(context: Context): Promise<string | null> {
  const place = context.settings.temporal;
  if (place !== undefined) {
    const [{ openAppClient }, { lackOfWorkers }] = await Promise.all([
      import('../temporal/open-client.ts'),
      import('../temporal/attendance.ts'),
    ]);
    const { connection, close } = await openAppClient(context);
    try {
      return (await lackOfWorkers({ ...place, connection })) ?? null;
    } finally {
      await close();
    }
  }
  const lease = await context.storage.leases.read(context.workspaceId, SCHEDULER);
  const isKept = lease !== undefined && lease.until > context.now() && !context.isDead(lease);
  return isKept ? null : 'no process keeps the schedules now: start one with riskflow start';
}

export type MendedSchedules = {
  /** Where Temporal did not agree with the ledger, and does now. */
  readonly mended: readonly string[];
  /** Why it could not be seen to, or null. */
  readonly trouble: string | null;
};

/** Makes who keeps the schedules agree with the ledger. Trouble with it is told, and keeps nobody from working. */
export async function mendSchedules(context: Context): Promise<MendedSchedules> {
  const schedules = await openSchedules(context);
  try {
    return { mended: await schedules.reconcile(), trouble: null };
  } catch (error) {
    return { mended: [], trouble: messageOf(error) };
  } finally {
    await schedules.close();
  }
}
