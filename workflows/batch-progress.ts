import { countOf, type Piece, type RunCounts, type TroubledRun } from './batch-activities.ts';

export type BatchPhase = 'starting' | 'running' | 'paused' | 'stopping' | 'judging' | 'over';

/** How far a batch, or a shard of it, is: what the query `state` answers, and what its details show. Numbers are runs. */
export type BatchView = {
  readonly phase: BatchPhase;
  readonly total: number;
  readonly counts: RunCounts;
  readonly perSecond: number;
  /** Runs under way, first and last, from 1. */
  readonly underWay: readonly (readonly [first: number, last: number])[];
  /** Those that nobody could drive, by their number from 1. */
  readonly poisoned: readonly { readonly run: number; readonly error: string }[];
};

/** What a shard tells its parent, now and then. */
export type ShardProgress = {
  readonly shard: number;
  readonly counts: RunCounts;
  readonly underWay: BatchView['underWay'];
  /** Absent once it is over. */
  readonly paused?: boolean;
  /** Counts what the shard has told so far. */
  readonly nth: number;
};

/** How far each shard is, with what one of them tells. Temporal may deliver two signals in another order than they were sent: an older one says nothing. */
export function withProgress(known: ReadonlyMap<number, ShardProgress>, told: ShardProgress): ReadonlyMap<number, ShardProgress> {
  const before = known.get(told.shard);
  if (before === undefined) return new Map(known).set(told.shard, told);
  return told.nth <= before.nth ? known : new Map(known).set(told.shard, { ...before, ...told });
}

/** Runs per second since `startedAt`, to one decimal. */
export const rateOf = (counts: RunCounts, { startedAt, now }: { readonly startedAt: number; readonly now: number }): number =>
  now <= startedAt ? 0 : Math.round((countOf(counts) * 10_000) / (now - startedAt)) / 10;

/** The numbers of the runs of a piece, from 1. */
export const runsOf = ({ from, to }: Pick<Piece, 'from' | 'to'>, runsPerPlace: number): readonly [first: number, last: number] => [
  from * runsPerPlace + 1,
  to * runsPerPlace,
];

export const poisonedRuns = (troubled: readonly TroubledRun[], runsPerPlace: number): BatchView['poisoned'] =>
  troubled.map(({ place, error }) => ({ run: place * runsPerPlace + 1, error }));

/** "runs 120–159 of 1,000" */
export const summaryOfRuns = ([first, last]: readonly [first: number, last: number], total: number): string =>
  `runs ${grouped(first)}–${grouped(last)} of ${grouped(total)}`;

/** 1234567 → 1,234,567. Not Intl's: this is replayed, and must not depend on what the machine knows of languages. */
export const grouped = (n: number): string => String(n).replaceAll(/\B(?=(\d{3})+$)/g, ',');

/** A small table in Markdown, as Temporal's UI shows it beside the workflow. */
export function detailsOf(view: BatchView): string {
  const { phase, total, counts, perSecond, underWay, poisoned } = view;
  const done = countOf(counts);
  const percent = total === 0 ? 100 : Math.floor((done * 100) / total);
  return [
    `**${phase}** · ${grouped(done)} of ${grouped(total)} runs (${percent} %)`,
    '',
    '| succeeded | failed | stopped | handed over | runs/s | under way |',
    '|--:|--:|--:|--:|--:|---|',
    `| ${[counts.succeeded, counts.failed, counts.stopped, counts.handedOver].map(grouped).join(' | ')} | ${perSecond} | ${
      underWay.map(([first, last]) => `${grouped(first)}–${grouped(last)}`).join(', ') || 'none'
    } |`,
    ...(poisoned.length === 0 ? [] : ['', 'Given up:', ...poisoned.map(({ run, error }) => `- run ${grouped(run)}: ${plain(error)}`)]),
  ].join('\n');
}

const plain = (text: string): string => text.replaceAll(/[\s\\`*_[\]<>#|~]+/g, ' ').slice(0, 200);
