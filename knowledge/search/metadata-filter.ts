import {
  isArray,
  isNumeric,
  isSecretRef,
  toDouble,
  toJsonText,
  type MetadataCondition,
  type MetadataFilter,
  type Value,
  type Values,
} from '../../schemas/core.ts';

/** Whether a document passes; `undefined` stands for a condition with an operator that there is not. */
export type FilterCheck =
  { readonly ok: true; readonly passes: (metadata: Values) => boolean } | { readonly ok: false; readonly message: string };

type Compare = (actual: Value, wanted: MetadataCondition['value']) => boolean;

const text =
  (compare: (actual: string, wanted: string) => boolean): Compare =>
  (actual, wanted) =>
    compare(textOf(actual), wantedText(wanted));
const number =
  (compare: (actual: number, wanted: number) => boolean): Compare =>
  (actual, wanted) => {
    const [a, w] = [numberOf(actual), numberOf(wantedText(wanted))];
    return !Number.isNaN(a) && !Number.isNaN(w) && compare(a, w);
  };
const isIn = (actual: Value, wanted: MetadataCondition['value']): boolean => {
  const list = typeof wanted === 'object' && wanted !== null ? wanted : wantedText(wanted).split(',');
  return list.map((item) => item.trim()).includes(textOf(actual));
};

/** The operators of Dify on fields that a document has. */
const OPERATORS: ReadonlyMap<string, Compare> = new Map<string, Compare>([
  ['contains', text((actual, wanted) => actual.includes(wanted))],
  ['not contains', text((actual, wanted) => !actual.includes(wanted))],
  ['start with', text((actual, wanted) => actual.startsWith(wanted))],
  ['end with', text((actual, wanted) => actual.endsWith(wanted))],
  ['is', text((actual, wanted) => actual === wanted)],
  ['is not', text((actual, wanted) => actual !== wanted)],
  ['in', isIn],
  ['not in', (actual, wanted) => !isIn(actual, wanted)],
  ['=', number((actual, wanted) => actual === wanted)],
  ['≠', number((actual, wanted) => actual !== wanted)],
  ['>', number((actual, wanted) => actual > wanted)],
  ['<', number((actual, wanted) => actual < wanted)],
  ['≥', number((actual, wanted) => actual >= wanted)],
  ['≤', number((actual, wanted) => actual <= wanted)],
  ['before', number((actual, wanted) => actual < wanted)],
  ['after', number((actual, wanted) => actual > wanted)],
]);

/** Conditions on metadata as Dify has them: a field that a document lacks passes `empty` and nothing else. */
export function metadataFilter({ logic, conditions }: MetadataFilter): FilterCheck {
  const unknown = conditions.find(({ operator }) => operator !== 'empty' && operator !== 'not empty' && !OPERATORS.has(operator));
  if (unknown !== undefined)
    return { ok: false, message: `the metadata filter on "${unknown.name}" has the unknown operator "${unknown.operator}"` };
  const holds = (metadata: Values, { name, operator, value }: MetadataCondition): boolean => {
    const actual = metadata.get(name) ?? null;
    const empty = actual === null || actual === '';
    if (operator === 'empty') return empty;
    if (operator === 'not empty') return !empty;
    // Dify leaves a condition out that nobody gave a value.
    if (value === null) return true;
    return actual !== null && OPERATORS.get(operator)?.(actual, value) === true;
  };
  return {
    ok: true,
    passes: (metadata) =>
      logic === 'or' ? conditions.some((item) => holds(metadata, item)) : conditions.every((item) => holds(metadata, item)),
  };
}

const wantedText = (wanted: MetadataCondition['value']): string =>
  typeof wanted === 'object' && wanted !== null ? wanted.join(',') : String(wanted ?? '');

function textOf(value: Value): string {
  if (typeof value === 'string') return value;
  if (value === null || isSecretRef(value)) return '';
  return isArray(value) ? value.map(textOf).join(',') : toJsonText(value);
}

/** Numbers, text of numbers, and dates as seconds since 1970. */
function numberOf(value: Value): number {
  if (isNumeric(value)) return toDouble(value);
  if (typeof value !== 'string' || value.trim() === '') return Number.NaN;
  const plain = Number(value);
  return Number.isNaN(plain) ? Date.parse(value) / 1000 : plain;
}
