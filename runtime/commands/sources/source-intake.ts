import { readNdjson, recordIdOf, type NdjsonLine } from '../../../connectors/index.ts';
import type { Plan } from '../../../flow/index.ts';
import {
  RiskflowError,
  type DeadLetter,
  type Fence,
  type InboxRecord,
  type RecordOrigin,
  type SourceOffset,
} from '../../../schemas/index.ts';
import { utf8, type Context, type OnProgress } from '../../context.ts';
import { fileTrouble } from '../flows.ts';
import { recordInputs } from '../decisions/record-inputs.ts';
import { FILE_PARTITION, fileSize, sourceStream, topicOf, type SourceSettings } from './source-settings.ts';

export type IntakeOptions = {
  readonly source: SourceSettings;
  readonly plan: Plan;
  readonly fence: Fence;
  readonly signal: AbortSignal;
  readonly onProgress: OnProgress;
};

/** What one reading brought. Offsets and sizes are bytes. */
export type Intake = {
  readonly incarnation: number;
  readonly offset: number;
  readonly size: number;
  readonly records: number;
  readonly deadLetters: number;
  readonly notes: readonly string[];
};

/** What is stored in one transaction at most. */
const BATCH_LINES = 250;
const BATCH_BYTES = 1024 * 1024;
const FIRST_INCARNATION = 1;

/**
 * Reads the source's file from where it was read to, up to its present end, into the inbox: records, dead letters and the offset in
 * one transaction per batch. What the flow's inputs refuse is a dead letter too.
 */
export async function takeIn(context: Context, options: IntakeOptions): Promise<Intake> {
  const { source, signal, onProgress } = options;
  const size = await fileSize(source.location);
  const begin = await whereToBegin(context, options, size);
  const label = `read ${source.sourceId}`;
  const notes = begin.note === null ? [] : [begin.note];
  let offset = begin.at.nextOffset;
  let records = 0;
  let deadLetters = 0;
  onProgress({ label, done: offset, total: size });
  for await (const batch of batches(context, options, begin.at)) {
    signal.throwIfAborted();
    const accepted = await context.storage.inbox.accept(context.workspaceId, { ...batch, fence: options.fence });
    if (accepted.status === 'stale-fence') throw new RiskflowError('busy', `source "${source.sourceId}" was taken over by another process`);
    offset = batch.offset.nextOffset;
    records += accepted.records;
    deadLetters += accepted.deadLetters;
    if (batch.unfinished > 0) notes.push(unfinishedNote(source, batch.unfinished));
    onProgress({ label, done: offset, total: Math.max(size, offset) });
  }
  return { incarnation: begin.at.incarnation, offset, size: Math.max(size, offset), records, deadLetters, notes };
}

const unfinishedNote = (source: SourceSettings, bytes: number): string =>
  `the last ${bytes} bytes of ${source.location} are a line without an end: they are read once it is finished`;

type Beginning = { readonly at: SourceOffset; readonly note: string | null };

/** The stored offset; when the file ends before it, the beginning of the next incarnation, which is announced. */
async function whereToBegin(context: Context, { source, fence }: IntakeOptions, size: number): Promise<Beginning> {
  const { sourceId, location } = source;
  const topic = topicOf(source);
  const stored = await context.storage.inbox.offset(context.workspaceId, sourceId, topic, FILE_PARTITION);
  const first: SourceOffset = { sourceId, incarnation: FIRST_INCARNATION, topic, partition: FILE_PARTITION, nextOffset: 0 };
  if (stored === undefined) return { at: first, note: null };
  if (size >= stored.nextOffset) return { at: stored, note: null };
  const incarnation = stored.incarnation + 1;
  const reason = `${location} has ${size} bytes, but was read to byte ${stored.nextOffset} before: it was replaced or cut, and is read from its beginning as incarnation ${incarnation}`;
  const written = await context.storage.events.write({
    workspaceId: context.workspaceId,
    actor: context.actor,
    fence,
    // Said once, also when this process ends before it stores the new offset.
    claims: [{ scope: `incarnation/${sourceId}`, key: String(incarnation), value: reason }],
    appends: [
      {
        log: 'ledger',
        stream: sourceStream(sourceId),
        events: [{ type: 'SourceIncarnationRaised', data: { sourceId, incarnation, reason } }],
        expected: { any: true },
      },
    ],
  });
  if (written.status !== 'written' && written.status !== 'claimed')
    throw new RiskflowError('busy', `source "${sourceId}" was taken over by another process`);
  return { at: { ...first, incarnation }, note: reason };
}

type Batch = {
  readonly records: InboxRecord[];
  readonly deadLetters: DeadLetter[];
  readonly offset: SourceOffset;
  /** Bytes of a last line that is not finished. */
  readonly unfinished: number;
};

/** The rest of the file in batches; the last one may be empty, and then says only how far the file was read. */
async function* batches(context: Context, { source, plan }: IntakeOptions, from: SourceOffset): AsyncGenerator<Batch, void> {
  let records: InboxRecord[] = [];
  let deadLetters: DeadLetter[] = [];
  let begin = from.nextOffset;
  let next = begin;
  let unfinished = 0;
  for await (const line of linesOf(source.location, begin)) {
    if (line.kind === 'unfinished') {
      unfinished = line.length;
      break;
    }
    next = line.next;
    const origin: RecordOrigin = {
      sourceId: source.sourceId,
      incarnation: from.incarnation,
      topic: from.topic,
      partition: from.partition,
      offset: line.offset,
    };
    const item = itemOf(line, { source, plan, origin, receivedAt: context.now() });
    if (item !== null && 'body' in item) records.push(item);
    else if (item !== null) deadLetters.push(item);
    if (records.length + deadLetters.length < BATCH_LINES && next - begin < BATCH_BYTES) continue;
    yield { records, deadLetters, offset: { ...from, nextOffset: next }, unfinished };
    records = [];
    deadLetters = [];
    begin = next;
  }
  yield { records, deadLetters, offset: { ...from, nextOffset: next }, unfinished };
}

async function* linesOf(location: string, fromOffset: number): AsyncGenerator<NdjsonLine, void> {
  try {
    yield* readNdjson(location, { fromOffset });
  } catch (cause) {
    throw new RiskflowError('failed', `the source file ${location} cannot be read: ${fileTrouble(cause)}`, { cause });
  }
}

type Place = { readonly source: SourceSettings; readonly plan: Plan; readonly origin: RecordOrigin; readonly receivedAt: number };

function itemOf(
  line: Exclude<NdjsonLine, { kind: 'unfinished' }>,
  { source, plan, origin, receivedAt }: Place,
): InboxRecord | DeadLetter | null {
  if (line.kind === 'blank') return null;
  if (line.kind === 'broken') return { origin, bytes: line.bytes, reason: line.reason, receivedAt };
  const read = recordInputs(plan, source, line.fields);
  if (!read.ok) return { origin, bytes: utf8(line.text), reason: read.message, receivedAt };
  return { recordId: recordIdOf(origin), origin, key: read.key, body: line.text, receivedAt };
}
