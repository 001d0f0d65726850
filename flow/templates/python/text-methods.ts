import { codePointLength, PYTHON_SPACE, pythonLeftStrip, pythonRightStrip, pythonStrip } from '../../text/index.ts';
import { positionalOnly, signature, type Signature } from './arguments.ts';
import { pad, requireText } from './format-spec.ts';
import { iterate } from './iterate.ts';
import { FURTHER_DIGITS, NUMERAL_LETTERS } from './digits.ts';
import { capitalize, isAscii, isLower, isTitle, isUpper, swapCase, titleWords } from './letter-case.ts';
import { escapeHtml } from './markup.ts';
import { toCount, toIndex } from './numbers.ts';
import { toText } from './printing.ts';
import { countText, findText, partOf, replaceText } from './text-search.ts';
import { splitLines, splitText, splitTextFromEnd, stripCharacters } from './text-split.ts';
import { truthy } from './truth.ts';
import { fail, isTuple, textOf, tuple, typeName, type Budget, type Py } from './values.ts';

/** What a method of a text gets: the text, whether it is marked as safe HTML, and its arguments in the order of its signature. */
export type TextCall = {
  readonly text: string;
  readonly safe: boolean;
  readonly args: readonly (Py | undefined)[];
  readonly budget: Budget;
};
export type TextMethod = {
  readonly signature: Signature;
  /** Whether the result is marked as safe HTML when the text is. */
  readonly keepsSafe: boolean;
  run(call: TextCall): Py;
};

const method = (shape: Signature, run: (call: TextCall) => Py): TextMethod => ({ signature: shape, keepsSafe: true, run });
const answer = (shape: Signature, run: (call: TextCall) => Py): TextMethod => ({ signature: shape, keepsSafe: false, run });
const NONE = positionalOnly([]);

const change = (run: (text: string) => string): TextMethod => method(NONE, ({ text, budget }) => budget.text(run(text)));
const check = (run: (text: string) => boolean): TextMethod => answer(NONE, ({ text }) => run(text));

const limitOf = (value: Py | undefined): number => (value === undefined ? -1 : toCount(value, 'the limit'));
const separatorOf = (value: Py | undefined): string | undefined =>
  value === undefined || value === null ? undefined : requireText(value, 'the separator');

const SPLIT = signature([], ['sep', 'maxsplit']);
const SEARCH = positionalOnly(['sub'], ['start', 'end']);

const search = (last: boolean, required: boolean): TextMethod =>
  answer(SEARCH, ({ text, args: [wanted = null, start, end] }) => {
    const part = partOf(text, start, end);
    const at = part === undefined ? -1 : findText(part, requireText(wanted, 'what is searched for'), last);
    return at < 0 && required ? fail('ValueError', 'the text was not found') : at;
  });

const affix = (test: (text: string, wanted: string) => boolean): TextMethod =>
  answer(SEARCH, ({ text, args: [wanted = null, start, end] }) => {
    const part = partOf(text, start, end);
    const all = isTuple(wanted) ? wanted.items : [wanted];
    return all.map((one) => requireText(one, 'what is looked for')).some((one) => part !== undefined && test(part.text, one));
  });

const strip = (ends: 'both' | 'left' | 'right', blanks: (text: string) => string): TextMethod =>
  method(positionalOnly([], ['chars']), ({ text, args: [chars = null] }) =>
    chars === null ? blanks(text) : stripCharacters(text, requireText(chars, 'the characters to strip'), ends),
  );

const justify = (align: '<' | '>' | '^'): TextMethod =>
  method(positionalOnly(['width'], ['fillchar']), ({ text, safe, args: [width = 0, fillValue = ' '], budget }) => {
    const given = requireText(fillValue, 'the character to fill with');
    const fill = safe ? escapeHtml(given) : given;
    if (codePointLength(fill) !== 1) return fail('TypeError', 'the text to fill with must be one character');
    const columns = toIndex(width, 'the width');
    budget.room(columns);
    return align === '^' ? centerText(text, columns, fill) : pad(text, { align, fill, width: columns });
  });

/** `str.center`: of an odd number of blanks the larger part stands left when the width is odd. */
function centerText(text: string, width: number, fill = ' '): string {
  const missing = width - codePointLength(text);
  if (missing <= 0) return text;
  const left = Math.floor(missing / 2) + (missing & width & 1);
  return fill.repeat(left) + text + fill.repeat(missing - left);
}

const partition = (last: boolean): TextMethod =>
  method(positionalOnly(['sep']), ({ text, args: [separator = null] }) => {
    const wanted = requireText(separator, 'the separator');
    if (wanted === '') return fail('ValueError', 'the separator is empty');
    const at = last ? text.lastIndexOf(wanted) : text.indexOf(wanted);
    if (at < 0) return tuple(last ? ['', '', text] : [text, '', '']);
    return tuple([text.slice(0, at), wanted, text.slice(at + wanted.length)]);
  });

function replace({ text, safe, args: [from = null, to = null, count], budget }: TextCall): Py {
  const wanted = requireText(from, 'the text to replace');
  const given = requireText(to, 'the replacement');
  const replacement = safe && typeof to === 'string' ? escapeHtml(given) : given;
  budget.room(text.length + Math.max(0, replacement.length - wanted.length) * countText({ text, start: 0 }, wanted));
  return replaceText(text, wanted, replacement, limitOf(count));
}

function join({ text, safe, args: [items = null], budget }: TextCall): Py {
  let result = '';
  let first = true;
  for (const item of iterate(items)) {
    budget.spend(1);
    const part = textOf(item);
    if (part === undefined && !safe) return fail('TypeError', `only texts can be joined, not ${typeName(item)}: add |map('string')`);
    const safePart = safe && (part === undefined || typeof item === 'string') ? escapeHtml(part ?? toText(item, budget)) : (part ?? '');
    result = budget.text(first ? safePart : result + text + safePart);
    first = false;
  }
  return result;
}

function expandTabs({ text, args: [size = 8], budget }: TextCall): Py {
  const columns = toIndex(size, 'the size of a tab');
  let result = '';
  let column = 0;
  for (const char of text) {
    const blanks = columns > 0 ? columns - (column % columns) : 0;
    budget.room(result.length + blanks);
    result += char === '\t' ? ' '.repeat(blanks) : char;
    column = char === '\n' || char === '\r' ? 0 : column + (char === '\t' ? blanks : 1);
  }
  return result;
}

function zeroFill({ text, args: [width = 0], budget }: TextCall): Py {
  const columns = toIndex(width, 'the width');
  budget.room(columns);
  const sign = text.startsWith('-') || text.startsWith('+') ? text.slice(0, 1) : '';
  return sign + pad(text.slice(sign.length), { align: '>', fill: '0', width: columns - sign.length });
}

const CASED_BEYOND_ASCII = /(?![\x00-\x7f])\p{Cased}/u;
const foldCase = (text: string): string =>
  CASED_BEYOND_ASCII.test(text) ? fail('LimitError', 'casefold() is supported for ASCII letters only: use lower()') : text.toLowerCase();

const DECIMAL = /^\p{Nd}+$/u;
// Properties of characters that JavaScript's regexes do not know: digits beyond the decimal ones, and letters that are numerals.
const DIGIT = new RegExp(`^[\\p{Nd}${FURTHER_DIGITS}]+$`, 'u');
const NUMERIC = new RegExp(`^[\\p{N}${NUMERAL_LETTERS}]+$`, 'u');
const ALPHA = /^\p{L}+$/u;
const ALPHANUMERIC = /^[\p{L}\p{N}]+$/u;
const IDENTIFIER = /^[\p{ID_Start}_]\p{ID_Continue}*$/u;
const UNPRINTABLE = /(?! )[\p{C}\p{Z}]/u;
const BLANK = new RegExp(`^[${PYTHON_SPACE}]+$`);

export const TEXT_METHODS: ReadonlyMap<string, TextMethod> = new Map<string, TextMethod>([
  ['capitalize', change(capitalize)],
  ['casefold', change(foldCase)],
  ['lower', change((text) => text.toLowerCase())],
  ['swapcase', change(swapCase)],
  ['title', change(titleWords)],
  ['upper', change((text) => text.toUpperCase())],
  ['isalnum', check((text) => ALPHANUMERIC.test(text))],
  ['isalpha', check((text) => ALPHA.test(text))],
  ['isascii', check(isAscii)],
  ['isdecimal', check((text) => DECIMAL.test(text))],
  ['isdigit', check((text) => DIGIT.test(text))],
  ['isidentifier', check((text) => IDENTIFIER.test(text))],
  ['islower', check(isLower)],
  ['isnumeric', check((text) => NUMERIC.test(text))],
  ['isprintable', check((text) => !UNPRINTABLE.test(text))],
  ['isspace', check((text) => BLANK.test(text))],
  ['istitle', check(isTitle)],
  ['isupper', check(isUpper)],
  ['center', justify('^')],
  ['ljust', justify('<')],
  ['rjust', justify('>')],
  ['zfill', method(positionalOnly(['width']), zeroFill)],
  ['expandtabs', method(signature([], ['tabsize']), expandTabs)],
  ['strip', strip('both', pythonStrip)],
  ['lstrip', strip('left', pythonLeftStrip)],
  ['rstrip', strip('right', pythonRightStrip)],
  [
    'removeprefix',
    method(positionalOnly(['prefix']), ({ text, args: [part = null] }) => without(text, requireText(part, 'the prefix'), true)),
  ],
  [
    'removesuffix',
    method(positionalOnly(['suffix']), ({ text, args: [part = null] }) => without(text, requireText(part, 'the suffix'), false)),
  ],
  ['replace', method(positionalOnly(['old', 'new'], ['count']), replace)],
  ['split', method(SPLIT, ({ text, args: [sep, limit], budget }) => counted(splitText(text, separatorOf(sep), limitOf(limit)), budget))],
  [
    'rsplit',
    method(SPLIT, ({ text, args: [sep, limit], budget }) => counted(splitTextFromEnd(text, separatorOf(sep), limitOf(limit)), budget)),
  ],
  [
    'splitlines',
    method(signature([], ['keepends']), ({ text, args: [keep = false], budget }) => counted(splitLines(text, truthy(keep)), budget)),
  ],
  ['partition', partition(false)],
  ['rpartition', partition(true)],
  ['join', method(positionalOnly(['iterable']), join)],
  ['find', search(false, false)],
  ['rfind', search(true, false)],
  ['index', search(false, true)],
  ['rindex', search(true, true)],
  ['startswith', affix((text, wanted) => text.startsWith(wanted))],
  ['endswith', affix((text, wanted) => text.endsWith(wanted))],
  [
    'count',
    answer(SEARCH, ({ text, args: [wanted = null, start, end] }) => {
      const part = partOf(text, start, end);
      const sought = requireText(wanted, 'what is counted');
      return part === undefined ? 0 : countText(part, sought);
    }),
  ],
]);

const without = (text: string, part: string, atStart: boolean): string => {
  if (part === '') return text;
  if (atStart) return text.startsWith(part) ? text.slice(part.length) : text;
  return text.endsWith(part) ? text.slice(0, -part.length) : text;
};

function counted(items: string[], budget: Budget): string[] {
  budget.spend(items.length);
  return items;
}
