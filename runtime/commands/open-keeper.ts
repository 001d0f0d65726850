import type { Context } from '../context.ts';
import { storageFault } from '../health/faults.ts';
import type { KeeperMetrics } from '../health/keeper-metrics.ts';
import { serveHealthSomewhere, type HttpPlace } from '../health/serve-health.ts';
import { bePresent, type Presence } from '../presence.ts';

export type KeeperOptions = {
  /** Where health and metrics are served; null: nowhere. Default: 127.0.0.1:9465, or where there is room when that is occupied. */
  readonly http?: HttpPlace | null;
  readonly onNotice?: (sentence: string) => void;
};

export type Keeper = {
  /** What the schedules are to be kept with: its runs are counted. */
  readonly context: Context;
  /** `http://host:port` of health and metrics. */
  readonly http: string | null;
  /** From now on it can be asked whether it is ready. `keeps`: whether it keeps the schedules itself. */
  readonly ready: (keeps: boolean) => void;
  close(): Promise<void>;
};

/** Where `riskflow start` tells about itself unless it is told otherwise: beside a worker on the same machine. */
const USUAL_HTTP: HttpPlace = { host: '127.0.0.1', port: 9465 };

/** What surrounds a process that keeps schedules: others see that it is there, how it is, and what it did. */
export async function openKeeper(context: Context, { http, onNotice }: KeeperOptions = {}): Promise<Keeper> {
  let role: 'starting' | 'keeps' | 'watches' = 'starting';
  // Loaded when it is needed: no other command of this kind counts anything.
  const metrics: KeeperMetrics = (await import('../health/keeper-metrics.ts')).createKeeperMetrics();
  const served = await serveHealthSomewhere(
    { http, usual: USUAL_HTTP, onNotice },
    {
      faults: async () => {
        const found = [role === 'starting' ? 'it is starting' : undefined, await storageFault(context.storage)];
        return found.filter((sentence) => sentence !== undefined);
      },
      metrics: () => metrics.text(role === 'keeps'),
    },
  );
  let presence: Presence;
  try {
    presence = await bePresent(context, { role: 'start', onNotice });
  } catch (error) {
    await served?.close();
    throw error;
  }
  return {
    context: metrics.counting(context),
    http: served?.url ?? null,
    ready: (keeps) => {
      role = keeps ? 'keeps' : 'watches';
    },
    close: async () => {
      await presence.withdraw();
      await served?.close();
    },
  };
}
