import { encodeMeta, metaNeeded, readFacets, recordIdOf, type RecordView } from '../../../connectors/index.ts';
import type { Plan } from '../../../flow/index.ts';
import {
  fitsJson,
  laneOf,
  toJsonText,
  type DeadLetter,
  type InboxRecord,
  type RecordMeta,
  type RecordOrigin,
  type SourceRecord,
  type SourceSettings,
} from '../../../schemas/index.ts';
import { utf8 } from '../../context.ts';
import { recordInputs, type RecordReading } from '../deciding/record-inputs.ts';

/** How records of a source are made rows of its inbox. */
export type RecordMaker = {
  readonly reading: RecordReading;
  /** What it refuses is a dead letter. */
  readonly plan: Plan;
  readonly onDuplicateKey: SourceSettings['onDuplicateKey'];
  /** Whether the bytes of a record alone say what it is: not those of a row without its header. */
  readonly keepsBytes: boolean;
  readonly now: () => number;
};

export type MappedRecord =
  | { readonly kind: 'record'; readonly record: InboxRecord }
  | { readonly kind: 'letter'; readonly letter: DeadLetter }
  /** Left out by the filter or the sampling rate. */
  | { readonly kind: 'skipped' };

const TOO_DEEP = 'it is nested deeper than 200 levels, or has an integer of more than 4300 digits';
const NO_META: RecordMeta = { key: null, headers: [], timestamp: null };

/** What a record is to the inbox. */
export function mapRecord(
  { reading, plan, onDuplicateKey, keepsBytes, now }: RecordMaker,
  read: SourceRecord,
  origin: RecordOrigin,
): MappedRecord {
  const receivedAt = now();
  const meta = read.meta ?? NO_META;
  const letter = (stage: DeadLetter['stage'], reason: string, bytes = read.bytes): MappedRecord => ({
    kind: 'letter',
    letter: { origin, bytes, ...meta, stage, reason, receivedAt, recordId: read.recordId },
  });
  if (!read.content.ok) return letter(read.content.stage, read.content.reason);
  const { fields, text } = read.content;
  // Checked before anything walks through it: what its schema lets be too deep must not end more than itself.
  if (text === undefined && !fitsJson(fields)) return letter('decode', TOO_DEEP);
  const unusable = (reason: string): MappedRecord =>
    letter('map', reason, keepsBytes || text !== undefined ? read.bytes : utf8(toJsonText(fields)));
  const recordId = read.recordId ?? recordIdOf(origin);
  const { topic, partition, offset } = origin;
  const view: RecordView = { fields, meta: { ...meta, topic, partition, offset } };
  const facets = readFacets(reading.mapping, { ...view, recordId, receivedAt });
  if (!facets.ok) return unusable(facets.reason);
  if (facets.skipped) return { kind: 'skipped' };
  const inputs = recordInputs(plan, reading, view);
  if (!inputs.ok) return unusable(inputs.message);
  const { key, subject } = facets.facets;
  const lane = laneOf((onDuplicateKey === 'process' ? subject : null) ?? key ?? recordId);
  const body = text ?? toJsonText(fields);
  return {
    kind: 'record',
    record: { recordId, origin, ...facets.facets, body, meta: metaNeeded(reading.mapping) ? encodeMeta(meta) : null, lane, receivedAt },
  };
}
