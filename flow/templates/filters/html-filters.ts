import { PYTHON_SPACE } from '../../text/index.ts';
import { requireText } from '../python/format-spec.ts';
import { iterate, listOf } from '../python/iterate.ts';
import { escapeHtml, escapeValue } from '../python/markup.ts';
import { toIndex } from '../python/numbers.ts';
import { toText } from '../python/printing.ts';
import { truthy } from '../python/truth.ts';
import { fail, isDict, isList, isPyObject, isUndefined, markup, textOf, typeName, type Budget, type Py } from '../python/values.ts';
import { filter, plainFilter, type FilterCall, type Filters } from './filter.ts';
import { jsonText } from './json-text.ts';
import { unescapeHtml } from './html-entities.ts';
import { urlize } from './urlize.ts';

const UNSAFE_IN_URL = /[^A-Za-z0-9_.~-]/gu;

/** `urllib.parse.quote` of Python: every byte of UTF-8 but letters, digits and "_.-~" as %XX. */
function quoteUrl(text: string, safe: string): string {
  if (!text.isWellFormed()) return fail('UnicodeEncodeError', 'the text has half a character and cannot be encoded');
  return text.replace(UNSAFE_IN_URL, (char) =>
    safe.includes(char)
      ? char
      : encodeURIComponent(char).replace(/^[^%]$/, (plain) => `%${plain.charCodeAt(0).toString(16).toUpperCase()}`),
  );
}

const quoteQuery = (value: Py, budget: Budget): string => quoteUrl(toText(value, budget), '').replaceAll('%20', '+');

const isIterable = (value: Py): boolean => isList(value) || isDict(value) || (isPyObject(value) && ITERABLE_KINDS.has(value.kind));
const ITERABLE_KINDS: ReadonlySet<string> = new Set(['undefined', 'tuple', 'range', 'iterator', 'view', 'loop']);

function urlEncode({ value, budget }: FilterCall): Py {
  if (!isIterable(value)) return budget.text(quoteUrl(toText(value, budget), '/'));
  const pairs = isDict(value) ? Array.from(value) : listOf(value, budget).map((pair) => [...iterate(pair)]);
  const parts = pairs.map(([key, item, more]) => {
    if (key === undefined || item === undefined || more !== undefined) return fail('ValueError', 'urlencode needs pairs');
    return `${quoteQuery(key, budget)}=${quoteQuery(item, budget)}`;
  });
  return budget.text(parts.join('&'));
}

const INVALID_IN_ATTRIBUTE = /[ \t\n\r\f\v/>=]/;

function xmlAttributes({ value, args: [autospace = true], budget }: FilterCall): Py {
  if (isUndefined(value)) return fail('UndefinedError', value.message);
  if (!isDict(value)) return fail('TypeError', `xmlattr needs a dict, not ${typeName(value)}`);
  const parts: string[] = [];
  for (const [key, item] of value) {
    if (item === null || isUndefined(item)) continue;
    const name = requireText(key, 'the name of an attribute');
    if (INVALID_IN_ATTRIBUTE.test(name)) return fail('ValueError', `"${name}" cannot be the name of an attribute`);
    parts.push(`${escapeHtml(name)}="${escapeValue(item, budget).text}"`);
  }
  const text = budget.text(parts.join(' '));
  return text !== '' && truthy(autospace) ? ` ${text}` : text;
}

/** Takes tags and comments out, joins blanks, and turns entities into characters. */
function stripTags({ value, budget }: FilterCall): Py {
  const text = toText(value, budget);
  let kept = '';
  let at = 0;
  for (let start = text.indexOf('<'); start >= 0; start = text.indexOf('<', at)) {
    const isComment = text.startsWith('<!--', start);
    const end = isComment ? text.indexOf('-->', start + 4) : text.indexOf('>', start);
    if (end < 0) break;
    kept += text.slice(at, start);
    at = end + (isComment ? 3 : 1);
  }
  const words = findWords(kept + text.slice(at));
  return unescapeHtml(words.join(' '));
}

const BLANKS = new RegExp(`[${PYTHON_SPACE}]+`);
const findWords = (text: string): readonly string[] => text.split(BLANKS).filter((word) => word !== '');

function toJson({ value, args: [indent = null], budget }: FilterCall): Py {
  const given = textOf(indent);
  const margin = indent === null ? undefined : (given ?? ' '.repeat(Math.max(0, Math.min(toIndex(indent, 'the indent'), 1000))));
  const json = jsonText(value, margin, budget);
  return markup(
    budget.text(json.replaceAll('<', '\\u003c').replaceAll('>', '\\u003e').replaceAll('&', '\\u0026').replaceAll("'", '\\u0027')),
  );
}

function urls({ value, args: [limit = null, nofollow = false, target = null, rel = null, schemes = null], budget }: FilterCall): Py {
  const rels = new Set((rel === null ? '' : requireText(rel, 'rel')).split(BLANKS).filter((word) => word !== ''));
  if (truthy(nofollow)) rels.add('nofollow');
  rels.add('noopener');
  return urlize(escapeValue(value, budget).text, {
    limit: limit === null ? undefined : toIndex(limit, 'the limit'),
    rel: [...rels].sort().join(' '),
    target: target === null ? undefined : requireText(target, 'the target'),
    schemes: schemes === null ? [] : listOf(schemes, budget).map((scheme) => requireText(scheme, 'a scheme')),
    budget,
  });
}

export const HTML_FILTERS: Filters = [
  ['e', plainFilter(({ value, budget }) => escapeValue(value, budget))],
  ['escape', plainFilter(({ value, budget }) => escapeValue(value, budget))],
  ['forceescape', plainFilter(({ value, budget }) => markup(budget.text(escapeHtml(toText(value, budget)))))],
  ['safe', plainFilter(({ value, budget }) => markup(toText(value, budget)))],
  ['striptags', plainFilter(stripTags)],
  ['tojson', filter([], ['indent'], toJson)],
  ['urlencode', plainFilter(urlEncode)],
  ['urlize', filter([], ['trim_url_limit', 'nofollow', 'target', 'rel', 'extra_schemes'], urls)],
  ['xmlattr', filter([], ['autospace'], xmlAttributes)],
];
