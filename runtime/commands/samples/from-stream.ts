import { readInputs, readQuery, type RecordView } from '../../../connectors/index.ts';
import {
  canonicalJson,
  encodeValues,
  isObject,
  RiskflowError,
  sha256Hex,
  shareOf,
  type ArrivedRecord,
  type RecordSettings,
  type Value,
  type Values,
} from '../../../schemas/index.ts';
import type { Context, OnProgress } from '../../context.ts';
import { viewOf, type RecordReading } from '../../streams/deciding/record-inputs.ts';
import { readingOf } from '../../streams/source-plans.ts';
import { readSourceState } from '../../streams/source-state.ts';
import { disagreementPages } from '../backtests/compare-decisions.ts';
import { fixRange, missingOf, rangePages, type RangeRequest } from '../backtests/record-range.ts';
import { labelReader } from '../backtests/record-label.ts';
import { decisionsOf, latestOf } from '../backtests/rerun-records.ts';
import { LONGEST_SAMPLE_ID } from './sample-rows.ts';
import { checkSetName, storeSamples, type ImportedSamples, type NewSample } from './samples.ts';

export type FromStreamRequest = {
  readonly sourceId: string;
  readonly set: string;
  readonly range: Omit<RangeRequest, 'limit'>;
  /** Only records about which a shadow or a backtest (default: any) did not say what was decided. */
  readonly disagreements?: { readonly mode: 'shadow' | 'backtest'; readonly replay?: number };
  /** The field of a record that is its label, or `live`: what was decided. Default: none has a label. */
  readonly label?: { readonly field: string } | 'live';
  readonly limit?: number;
  readonly sampling?: { readonly rate: number; readonly seed: number };
  readonly onProgress?: OnProgress;
};

/** `left`: records that could not be samples: without a field beside the label, or with the id of an earlier one. */
export type SampledStream = Omit<ImportedSamples, 'rejected'> & {
  readonly unlabelled: number;
  readonly left: number;
  /** What of the range is kept no longer, in a sentence; null when all of it is there. */
  readonly missing: string | null;
};

/**
 * Makes records of a source the new version of a sample set: the fields as they came, and each input of the flow as the source's settings
 * take it; id is the key (else the record id), the cluster is the subject. The label never is a field.
 * @throws RiskflowError `not_found` when no record is left
 */
export async function sampleFromStream(context: Context, request: FromStreamRequest): Promise<SampledStream> {
  const { sourceId, set, sampling, limit = Infinity, label, onProgress = () => undefined } = request;
  checkSetName(set);
  const state = await readSourceState(context, sourceId);
  const make = sampleMaker(readingOf(state), label);
  const samples = new Map<string, NewSample>();
  const fieldNames = new Set<string>();
  let left = 0;
  let textless = 0;
  await context.storage.projections.catchUp(context.workspaceId);
  for await (const page of recordPages(context, request)) {
    const live = label === 'live' ? await decisionsOf(context, { sourceId, page, mode: 'live' }) : undefined;
    for (const record of page) {
      if (samples.size >= limit) break;
      if (sampling !== undefined && shareOf(`sample/${sampling.seed}`, record.recordId) >= sampling.rate) continue;
      const made = make(record, latestOf(live?.get(record.recordId))?.label ?? null);
      if (made === null || samples.has(made.sample.id)) {
        left++;
        continue;
      }
      if (!made.hasText) textless++;
      for (const name of made.fields) fieldNames.add(name);
      samples.set(made.sample.id, made.sample);
    }
    onProgress({
      label: `sample ${sourceId}`,
      done: samples.size,
      total: Math.max(samples.size, Math.min(limit, samples.size + page.length)),
    });
    if (samples.size >= limit) break;
  }
  const rows = [...samples.values()];
  if (rows.length === 0) throw nothingThere(request);
  const stored = await storeSamples(context, {
    set,
    rows,
    textField: textless === 0 ? 'text' : null,
    clusterField: rows.some(({ cluster }) => cluster !== null) ? 'subject' : null,
    fieldNames: [...fieldNames],
    dropped: 0,
    rejected: left,
    onProgress,
  });
  const missing = await missingOf(context, sourceId, await fixRange(context, sourceId, request.range));
  return { ...stored, unlabelled: rows.filter((row) => row.label === null).length, left, missing };
}

function nothingThere({ sourceId, disagreements }: FromStreamRequest): RiskflowError {
  if (disagreements === undefined) return new RiskflowError('not_found', `no record of source "${sourceId}" can be a sample of this set`);
  return new RiskflowError('not_found', `source "${sourceId}" has no record about which ${disagreements.mode} and live disagree`, {
    hint: `riskflow decision compare ${sourceId} --mode ${disagreements.mode} shows what was compared`,
  });
}

/** The records that are asked for, in the order of their arrival or of the disagreements. */
async function* recordPages(
  context: Context,
  { sourceId, range, disagreements }: FromStreamRequest,
): AsyncGenerator<readonly ArrivedRecord[], void> {
  const fixed = await fixRange(context, sourceId, range);
  if (disagreements === undefined) {
    yield* rangePages(context, sourceId, fixed);
    return;
  }
  const { after, upTo, from, to } = fixed;
  const isMeant = ({ arrival, eventTime }: ArrivedRecord): boolean =>
    arrival > after &&
    arrival <= upTo &&
    (from === null || (eventTime ?? -Infinity) >= from) &&
    (to === null || (eventTime ?? Infinity) < to);
  for await (const page of disagreementPages(context, { sourceId, ...disagreements })) {
    const records = await Promise.all(page.map(({ recordId }) => context.storage.inbox.record(context.workspaceId, sourceId, recordId)));
    yield records.filter((record) => record !== undefined).filter(isMeant);
  }
}

type Made = { readonly sample: NewSample; readonly fields: readonly string[]; readonly hasText: boolean };

/** Null for a record with nothing beside its label. */
function sampleMaker(
  reading: RecordReading,
  label: FromStreamRequest['label'],
): (record: ArrivedRecord, said: string | null) => Made | null {
  const field = typeof label === 'object' ? label.field : null;
  const readLabel = field === null ? null : labelReader(field);
  return (record, said) => {
    const view = viewOf(record);
    const fields = withInputs(reading, field === null ? view : { ...view, fields: withoutLabel(view.fields, field) });
    if (fields.size === 0) return null;
    const json = canonicalJson(encodeValues(fields));
    const text = fields.get('text');
    const isText = typeof text === 'string' && text !== '';
    const { key, recordId, subject } = record;
    return {
      sample: {
        id: key !== null && key.length <= LONGEST_SAMPLE_ID && key.isWellFormed() ? key : recordId,
        label: readLabel === null ? said : readLabel(view),
        cluster: subject,
        fields: json,
        textHash: sha256Hex(isText ? text : json),
      },
      fields: [...fields.keys()],
      hasText: isText,
    };
  };
}

/** The fields, and the inputs and query that the source's settings make of them, so that an evaluation gives the flow the same. */
function withInputs({ mapping, settings }: RecordReading, view: RecordView): Values {
  const mapped = readInputs(mapping, Object.keys(settings.inputs), view);
  const query = asksElsewhere(settings) && !view.fields.has('text') ? readQuery(mapping, view) : undefined;
  return new Map<string, Value>([...view.fields, ...mapped, ...(query === undefined ? [] : [['text', query] as const])]);
}

const asksElsewhere = ({ query }: RecordSettings): boolean => query !== undefined;

/** Fields without the one that is the label; of a path into a field, without all of that field where the path cannot be followed by names. */
function withoutLabel(fields: Values, path: string): Values {
  if (path.startsWith('@')) return fields;
  if (fields.has(path)) return without(fields, path);
  const names = path.replace(/^\$\.?/, '').split('.');
  return withoutPath(fields, names.some((name) => /[[\]'"]/.test(name)) ? [firstName(path)] : names);
}

const firstName = (path: string): string => /^(?:\$\.?)?(?:\[['"]?)?([^.[\]'"]+)/.exec(path)?.[1] ?? path;

function withoutPath(fields: Values, [name = '', ...rest]: readonly string[]): Values {
  const value = fields.get(name);
  if (value === undefined) return fields;
  if (rest.length === 0 || !isObject(value)) return without(fields, name);
  return new Map<string, Value>([...fields, [name, withoutPath(value, rest)]]);
}

const without = (fields: Values, name: string): Values => new Map([...fields].filter(([each]) => each !== name));
