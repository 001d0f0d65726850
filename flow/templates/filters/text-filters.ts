import { codePointLength, PYTHON_SPACE } from '../../text/index.ts';
import { findMethod } from '../python/attributes.ts';
import { requireText } from '../python/format-spec.ts';
import { requireLength, codePoints } from '../python/iterate.ts';
import { capitalize } from '../python/letter-case.ts';
import { toCount, toIndex } from '../python/numbers.ts';
import { applyBinary } from '../python/operators.ts';
import { percentFormat } from '../python/percent-format.ts';
import { toText } from '../python/printing.ts';
import { countText, replaceText } from '../python/text-search.ts';
import { splitLines } from '../python/text-split.ts';
import { truthy } from '../python/truth.ts';
import { fail, isMarkup, isUndefined, markup, NO_NAMED, textOf, tuple, type Budget, type Py } from '../python/values.ts';
import { filter, openFilter, plainFilter, type FilterCall, type Filters } from './filter.ts';
import { prettyPrint } from './pretty-print.ts';
import { wrapText } from './word-wrap.ts';

/** `soft_str` of MarkupSafe: a text stays as it is, everything else is printed. */
const softText = (value: Py, budget: Budget): Py => (textOf(value) === undefined ? toText(value, budget) : value);

/** Applies a change to the text of a value; text marked as safe stays so. */
function changed(value: Py, budget: Budget, change: (text: string) => string): Py {
  const result = budget.text(change(textOf(value) ?? toText(value, budget)));
  return isMarkup(value) ? markup(result) : result;
}

/** Calls the method of a text that the value is or becomes. */
function viaMethod(value: Py, name: string, args: readonly Py[], budget: Budget): Py {
  const method = findMethod(softText(value, budget), name);
  return method === undefined ? fail('TypeError', `there is no ${name}`) : method({ positional: args, named: NO_NAMED }, budget);
}

const WORD_BEGINNING = new RegExp(`([-${PYTHON_SPACE}({[<]+)`);

const titled = (text: string): string =>
  text
    .split(WORD_BEGINNING)
    .map((part) => {
      const first = String.fromCodePoint(part.codePointAt(0) ?? 0);
      return part === '' ? '' : first.toUpperCase() + part.slice(first.length).toLowerCase();
    })
    .join('');

function replace({ value, args: [from = null, to = null, count = null], budget }: FilterCall): Py {
  const [text, wanted, replacement] = [toText(value, budget), toText(from, budget), toText(to, budget)];
  const limit = count === null ? -1 : toCount(count, 'the count');
  budget.room(text.length + Math.max(0, replacement.length - wanted.length) * countText({ text, start: 0 }, wanted));
  return replaceText(text, wanted, replacement, limit);
}

function indent({ value, args: [width = 4, first = false, blank = false], budget }: FilterCall): Py {
  const safe = isMarkup(value);
  const text = `${requireText(value, 'what is indented')}\n`;
  const given = textOf(width);
  const columns = given === undefined ? toIndex(width, 'the width') : 0;
  budget.room(columns);
  const space = given ?? ' '.repeat(Math.max(columns, 0));
  const lines = splitLines(text, false);
  budget.room(text.length + lines.length * space.length);
  const indented = lines.map((line, i) => (i > 0 && (line !== '' || truthy(blank)) ? space + line : line)).join('\n');
  const result = budget.text((truthy(first) ? space : '') + indented);
  return safe ? markup(result) : result;
}

function truncate({ value, args: [length = 255, killWords = false, end = '...', leeway = null], budget }: FilterCall): Py {
  const limit = toIndex(length, 'the length');
  const tolerance = leeway === null ? 5 : toIndex(leeway, 'the leeway');
  const ending = requireText(end, 'the end');
  const kept = limit - codePointLength(ending);
  if (kept < 0 || tolerance < 0) return fail('AssertionError', 'the length must not be less than that of the end, nor the leeway negative');
  if (requireLength(value) <= limit + tolerance) return value;
  const characters = codePoints(requireText(value, 'what is truncated'));
  const head = Array.from({ length: kept }, (_, i) => characters[i] ?? '').join('');
  const blank = truthy(killWords) ? -1 : head.lastIndexOf(' ');
  const cut = blank < 0 ? head : head.slice(0, blank);
  return applyBinary('+', isMarkup(value) ? markup(cut) : cut, end, budget);
}

function wordWrap({ value, args: [width = 79, breakLong = true, joiner = null, breakHyphens = true], budget }: FilterCall): Py {
  if (isUndefined(value)) return fail('UndefinedError', value.message);
  const between = joiner === null ? '\n' : requireText(joiner, 'the text between lines');
  const options = { width: toIndex(width, 'the width'), breakLongWords: truthy(breakLong), breakOnHyphens: truthy(breakHyphens) };
  const lines = splitLines(requireText(value, 'what is wrapped'), false).map((line) => wrapText(line, options).join(between));
  return budget.text(lines.join(between));
}

function format({ value, given, budget }: FilterCall): Py {
  if (given.positional.length > 0 && given.named.size > 0) return fail('FilterArgumentError', 'format takes values or names, not both');
  const text = softText(value, budget);
  const values = given.named.size > 0 ? new Map(given.named) : tuple(given.positional);
  const result = percentFormat(textOf(text) ?? '', values, isMarkup(text), budget);
  return isMarkup(text) ? markup(result) : result;
}

const WORD = /[\p{L}\p{N}_]+/gu;

export const TEXT_FILTERS: Filters = [
  ['capitalize', plainFilter(({ value, budget }) => changed(value, budget, capitalize))],
  ['center', filter([], ['width'], ({ value, args: [width = 80], budget }) => viaMethod(value, 'center', [width], budget))],
  ['format', openFilter(format)],
  ['indent', filter([], ['width', 'first', 'blank'], indent)],
  ['lower', plainFilter(({ value, budget }) => changed(value, budget, (text) => text.toLowerCase()))],
  ['pprint', plainFilter(({ value, budget }) => prettyPrint(value, budget))],
  ['replace', filter(['old', 'new'], ['count'], replace)],
  ['string', plainFilter(({ value, budget }) => softText(value, budget))],
  ['title', plainFilter(({ value, budget }) => titled(toText(value, budget)))],
  ['trim', filter([], ['chars'], ({ value, args: [chars = null], budget }) => viaMethod(value, 'strip', [chars], budget))],
  ['truncate', filter([], ['length', 'killwords', 'end', 'leeway'], truncate)],
  ['upper', plainFilter(({ value, budget }) => changed(value, budget, (text) => text.toUpperCase()))],
  ['wordcount', plainFilter(({ value, budget }) => toText(value, budget).match(WORD)?.length ?? 0)],
  ['wordwrap', filter([], ['width', 'break_long_words', 'wrapstring', 'break_on_hyphens'], wordWrap)],
];
