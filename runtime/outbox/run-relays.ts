import type { Sink, SinkSettings } from '../../schemas/index.ts';
import type { Context } from '../context.ts';
import { machineClock } from '../schedules/scheduler.ts';
import { LedgerFeed } from './ledger-feed.ts';
import { RelayPart } from './relay-part.ts';
import { relaySpec, type OpenSink, type RelayDeps, type RelayNews, type RelaySpec } from './relay-types.ts';

export type RelayOptions = {
  /** Sinks by name. */
  readonly sinks: Readonly<Record<string, SinkSettings>>;
  readonly openSink: OpenSink;
  readonly signal: AbortSignal;
  readonly onNews: (news: RelayNews) => void;
};

/**
 * Tells decisions and alerts to every sink until the signal aborts. Any number of processes may do so on the same data: each part of a
 * sink is told by one of them at a time, and taken over from one that ends.
 * @throws RiskflowError for a sink that cannot be opened as it is set; none is told anything then
 */
export async function runRelays(context: Context, { sinks, openSink, signal, onNews }: RelayOptions): Promise<void> {
  const deps = relayDeps(context, onNews);
  await withSinks({ sinks, openSink }, async (open) => {
    const feed = new LedgerFeed(deps);
    const parts = open.flatMap(({ spec, sink }) => partsOf(spec).map((part) => new RelayPart(deps, { spec, part, sink, feed })));
    await Promise.all([feed.watch(signal), ...parts.map((part) => part.run(signal))]);
  });
}

/** What became of what was due for one sink. */
export type DeliveredSink = {
  readonly sink: string;
  readonly delivered: number;
  readonly refused: number;
  /** Why some is left, one sentence for each part of which some is. */
  readonly left: readonly { readonly part: number; readonly reason: string }[];
};

/** Tells everything that is due now, each once, and ends. A part that fails does not keep the others from it. */
export async function deliverOnce(context: Context, { sinks, openSink, signal, onNews }: RelayOptions): Promise<readonly DeliveredSink[]> {
  const deps = relayDeps(context, onNews);
  return withSinks({ sinks, openSink }, async (open) => {
    const feed = new LedgerFeed(deps);
    const head = await feed.look();
    return Promise.all(
      open.map(async ({ spec, sink }) => {
        const told = partsOf(spec).map(async (part) => ({
          part,
          ...(await new RelayPart(deps, { spec, part, sink, feed }).once(head, signal)),
        }));
        const parts = await Promise.all(told);
        return {
          sink: spec.sink,
          delivered: parts.reduce((sum, { delivered }) => sum + delivered, 0),
          refused: parts.reduce((sum, { refused }) => sum + refused, 0),
          left: parts.flatMap(({ part, reason }) => (reason === null ? [] : [{ part, reason }])),
        };
      }),
    );
  });
}

const partsOf = ({ parts }: RelaySpec): readonly number[] => Array.from({ length: parts }, (_, part) => part);

function relayDeps(context: Context, onNews: (news: RelayNews) => void): RelayDeps {
  const { workspaceId, storage, leases, owner, isDead, now, actor } = context;
  return { workspaceId, storage, leases, owner, isDead, now, actor, clock: machineClock, random: Math.random, onNews };
}

type OpenedSink = { readonly spec: RelaySpec; readonly sink: Sink };

async function withSinks<T>(
  { sinks, openSink }: Pick<RelayOptions, 'sinks' | 'openSink'>,
  work: (open: readonly OpenedSink[]) => Promise<T>,
): Promise<T> {
  const open: OpenedSink[] = [];
  try {
    for (const [name, settings] of Object.entries(sinks))
      open.push({ spec: relaySpec(name, settings), sink: await openSink(name, settings) });
    return await work(open);
  } finally {
    await Promise.allSettled(open.map(({ sink }) => sink.close()));
  }
}
