import type { ConnectorSettings, PartitionEnd, SourceConnector, TaskReport } from '../../../schemas/index.ts';
import type { Context, OnProgress } from '../../context.ts';
import { holdLease, type HeldLease } from '../../leases.ts';
import { openConnector, type ConnectorInputs } from './open-connector.ts';
import { quietWatch } from './quiet-watch.ts';
import { readingProgress } from './reading-progress.ts';
import { createRoom } from './room.ts';
import { sourceStream } from '../source-state.ts';
import type { RecordMaker } from './map-record.ts';
import type { SourceView, SourceWatch } from '../source-watch.ts';
import { intakeHost, type IntakeCounts } from './take-in.ts';

export type ReadOptions = {
  readonly watch: SourceWatch;
  readonly inputs: ConnectorInputs;
  readonly signal: AbortSignal;
  readonly onNotice: (sentence: string) => void;
  readonly onTask?: (report: TaskReport) => void;
  readonly onProgress?: OnProgress;
  readonly onCount?: (counts: Readonly<IntakeCounts>) => void;
  /** Ends at the ends that the partitions have when it begins, also where the source itself has no end. */
  readonly untilCaughtUp: boolean;
  /** Reads on however many records wait. */
  readonly unbounded?: boolean;
};

/** Where there was nothing to read for so long, the rest is read by other processes, or is in a transaction that nobody ends. */
const QUIET_MS = 5_000;
/** A source that says nothing for so long is not at rest: it may be away. */
const SIGN_MS = 2_500;

/** Sources which some process must ask for what is new; what is pushed comes by itself. */
const isRead = ({ kind }: ConnectorSettings): boolean => kind !== 'push';
/** Sources that several processes read together, sharing their partitions. */
const isShared = ({ kind }: ConnectorSettings): boolean => kind === 'kafka';
/** Sources that have no end of their own. */
export const isEndless = (connector: ConnectorSettings): boolean =>
  connector.kind === 'kafka' || connector.kind === 'push' || ('follow' in connector && connector.follow);

/**
 * Reads a source into its inbox. @throws LeaseHeld while another process reads a source that only one can read; whatever ends its reading for good
 */
export async function readSource(context: Context, options: ReadOptions): Promise<void> {
  const { watch, inputs, onNotice } = options;
  const { state } = watch.view();
  const { sourceId, settings } = state;
  const { connector: kind } = settings;
  if (!isRead(kind)) return;
  const lease = isShared(kind) ? null : await holdLease(context, `${sourceStream(sourceId)}/intake`);
  let connector: SourceConnector | undefined;
  try {
    connector = await openConnector(context, state, { ...inputs, follow: !options.untilCaughtUp });
    await readWith(context, options, { connector, lease, sourceId, onNotice });
  } finally {
    await connector?.close();
    await lease?.release();
  }
}

/** How the records of a source are made rows of its inbox now. */
export const makerOf = (context: Context, { state, plans, reading }: SourceView): RecordMaker => ({
  reading,
  plan: plans.live,
  onDuplicateKey: state.settings.onDuplicateKey,
  keepsBytes: state.settings.connector.kind === 'kafka',
  now: context.now,
});

type Reading = {
  readonly connector: SourceConnector;
  readonly lease: HeldLease | null;
  readonly sourceId: string;
  readonly onNotice: (sentence: string) => void;
};

async function readWith(context: Context, options: ReadOptions, { connector, lease, sourceId, onNotice }: Reading): Promise<void> {
  const { watch, onProgress = () => undefined, untilCaughtUp } = options;
  const { settings } = watch.view().state;
  const enough = new AbortController();
  const signal = AbortSignal.any([options.signal, enough.signal, ...(lease === null ? [] : [lease.signal])]);
  const ends = untilCaughtUp ? await connector.ends(signal) : NO_ENDS;
  const offsets = await context.storage.inbox.offsets(context.workspaceId, sourceId);
  const progress = readingProgress({ label: `read ${sourceId}`, ends, offsets, onProgress });
  const stopsByItself = untilCaughtUp && isShared(settings.connector);
  if (stopsByItself && progress.isThere()) return;
  const quiet = quietWatch({ quietMs: QUIET_MS, signMs: SIGN_MS });
  const room = createRoom(context, { sourceId, maxPending: options.unbounded === true ? Infinity : settings.decide.maxPending });
  const host = intakeHost(context, {
    sourceId,
    maker: () => {
      const { reading, plans, state } = watch.view();
      return makerOf(context, { state, plans, reading });
    },
    room,
    signal,
    ...(lease === null ? {} : { fence: lease.fence }),
    stopAtErrors: settings.errors === 'none',
    onTask: options.onTask ?? (() => undefined),
    onNotice,
    onChunk: (chunk) => {
      quiet.disturbed();
      progress.chunk(chunk);
      options.onCount?.(host.counts());
      if (stopsByItself && progress.isThere()) enough.abort();
    },
    onIdle: () => {
      if (stopsByItself && quiet.sign(performance.now())) enough.abort();
    },
  });
  await connector.run(host);
  lease?.signal.throwIfAborted();
  options.signal.throwIfAborted();
  progress.end();
}

const NO_ENDS: readonly PartitionEnd[] = [];
