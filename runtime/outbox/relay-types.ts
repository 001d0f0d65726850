import type { Sink, SinkSettings } from '../../schemas/index.ts';
import type { Context } from '../context.ts';
import type { SchedulerClock } from '../schedules/scheduler-types.ts';

/** What a relay has to know of its sink. */
export type RelaySpec = Pick<SinkSettings, 'events' | 'from'> & {
  readonly sink: string;
  readonly sources: ReadonlySet<string> | null;
  readonly parts: number;
  /** Messages in one sending. */
  readonly batch: number;
  /** Null: tried for ever. */
  readonly giveUpMs: number | null;
};

const HOUR_MS = 3_600_000;

/** A broker that is away is waited for; a webhook that nobody answers does not hold others up for ever. */
export function relaySpec(sink: string, settings: SinkSettings): RelaySpec {
  const { events, from, sources } = settings;
  const common = { sink, events, from, sources: sources === undefined ? null : new Set(sources) };
  if (settings.kind === 'kafka') return { ...common, parts: 1, batch: 500, giveUpMs: null };
  return { ...common, parts: settings.parts, batch: 1, giveUpMs: settings.giveUpHours * HOUR_MS };
}

/** The name of its cursors, which is another one for another number of parts. */
export const relayName = ({ sink, parts }: Pick<RelaySpec, 'sink' | 'parts'>): string => `${sink}/${parts}`;
export const relayResource = (sink: string, part: number): string => `relay/${sink}/${part}`;

type Named = { readonly sink: string; readonly part: number };

/** What relays tell about. */
export type RelayNews =
  /** It could not be delivered, and will be tried again. */
  | (Named & { readonly kind: 'delayed'; readonly messageId: string; readonly error: string; readonly retryMs: number })
  | (Named & { readonly kind: 'recovered'; readonly messageId: string })
  | (Named & { readonly kind: 'refused'; readonly messageId: string; readonly reason: string; readonly gaveUp: boolean })
  /** Storage, mostly. */
  | { readonly kind: 'trouble'; readonly message: string };

export type RelayDeps = Pick<Context, 'workspaceId' | 'storage' | 'leases' | 'owner' | 'isDead' | 'now' | 'actor'> & {
  readonly clock: SchedulerClock;
  /** 0 ≤ x < 1: scatters what is tried again. */
  readonly random: () => number;
  readonly onNews: (news: RelayNews) => void;
};

export type OpenSink = (name: string, settings: SinkSettings) => Promise<Sink>;
