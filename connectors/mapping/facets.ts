import { hash } from 'node:crypto';
import { isNumeric, toJsonText, typeOf, type RecordFacets, type Value } from '../../schemas/index.ts';
import type { Mapping } from './compile-mapping.ts';
import { eventTimeOf } from './event-time.ts';
import type { CompiledExpression, ReceivedRecord, RecordView } from './record-view.ts';
import { isSampled } from './sampling.ts';

/** `skipped`: the filter or the sampling rate leaves the record out. `reason`: why it cannot be used, a sentence about "it". */
export type FacetsResult =
  | { readonly ok: true; readonly skipped: false; readonly facets: RecordFacets }
  | { readonly ok: true; readonly skipped: true }
  | { readonly ok: false; readonly reason: string };

/** UTF-16 units of a key, subject, category or reporter. */
export const LONGEST_FACET = 500;
const HASH_DIGITS = 32;

/**
 * What a record that has come in is about. The filter decides first: what it leaves out has no reasons. A key, subject, category or reporter is text or a
 * number; one longer than 500 characters is cut and ends in "~" and a hash of all of it, so that equal ones stay equal and different ones different.
 */
export function readFacets(mapping: Mapping, record: ReceivedRecord): FacetsResult {
  if (mapping.filter !== null) {
    const filtered = mapping.filter.passes(record);
    if (!filtered.ok) return filtered;
    if (!filtered.passes) return SKIPPED;
  }
  const key = facetOf('key', mapping.key, record);
  if (isWrong(key)) return { ok: false, reason: key.reason };
  if (mapping.samplingRate < 1 && !isSampled(key ?? record.recordId, mapping.samplingRate)) return SKIPPED;
  const subject = mapping.subject === null ? key : facetOf('subject', mapping.subject, record);
  if (isWrong(subject)) return { ok: false, reason: subject.reason };
  const category = facetOf('category', mapping.category, record);
  if (isWrong(category)) return { ok: false, reason: category.reason };
  const reporter = facetOf('reporter', mapping.reporter, record);
  if (isWrong(reporter)) return { ok: false, reason: reporter.reason };
  const eventTime = timeOf(mapping.eventTime, record);
  if (typeof eventTime !== 'number') return { ok: false, reason: eventTime.reason };
  return { ok: true, skipped: false, facets: { key, subject, category, reporter, eventTime } };
}

const SKIPPED: FacetsResult = { ok: true, skipped: true };

type Wrong = { readonly reason: string };
const isWrong = (facet: string | null | Wrong): facet is Wrong => typeof facet === 'object' && facet !== null;

function facetOf(name: string, expression: CompiledExpression | null, view: RecordView): string | null | Wrong {
  const value = expression?.read(view);
  if (expression === null || value === undefined || value === null || value === '') return null;
  if (typeof value === 'string') return bounded(value);
  if (isNumeric(value)) return bounded(toJsonText(value));
  return { reason: `its ${name} (${expression.text}) must be text or a number, not ${kindOf(value)}` };
}

/** A text as it is stored: of bounded length, and without halves of characters, which databases refuse or change. */
export function bounded(text: string): string {
  const whole = text.isWellFormed() ? text : text.toWellFormed();
  if (whole.length <= LONGEST_FACET) return whole;
  const kept = whole.slice(0, LONGEST_FACET - HASH_DIGITS - 1);
  return `${kept.isWellFormed() ? kept : kept.slice(0, -1)}~${hash('sha256', whole).slice(0, HASH_DIGITS)}`;
}

function timeOf(expression: CompiledExpression | null, { fields, meta, receivedAt }: ReceivedRecord): number | Wrong {
  if (expression === null) return meta.timestamp ?? receivedAt;
  const value = expression.read({ fields, meta });
  if (value === undefined || value === null || value === '') return { reason: `it has no event time (${expression.text})` };
  const time = eventTimeOf(value);
  if (time !== undefined) return time;
  const shown =
    typeof value === 'string' || isNumeric(value) ? toJsonText(typeof value === 'string' ? value.slice(0, 60) : value) : kindOf(value);
  return {
    reason: `its event time (${expression.text}) must be seconds or milliseconds since 1970 or text of ISO 8601 such as 2026-01-31T08:00:00Z, not ${shown}`,
  };
}

const kindOf = (value: Value): string =>
  ({ array: 'a list', object: 'an object', boolean: 'true or false', null: 'null' })[String(typeOf(value))] ?? typeOf(value);
