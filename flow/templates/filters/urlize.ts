import { codePointLength, PYTHON_SPACE, sliceCodePoints } from '../../text/index.ts';
import { escapeHtml } from '../python/markup.ts';
import { fail, type Budget } from '../python/values.ts';

export type UrlizeOptions = {
  /** Longest shown text of a link; undefined: any. */
  readonly limit: number | undefined;
  readonly rel: string;
  readonly target: string | undefined;
  /** Further beginnings of links, such as "tel:". */
  readonly schemes: readonly string[];
  readonly budget: Budget;
};

const W = '\\p{L}\\p{N}_';
const HTTP = new RegExp(
  [
    '^(?:',
    `(?:https?://|www\\.)(?:(?:[${W}%-]+\\.)+)?(?:[a-z]{2,63}|xn--[${W}%]{2,59})`,
    `|(?:[${W}%-]{2,63}\\.)+(?:com|net|int|edu|gov|org|info|mil)`,
    '|https?://(?:\\p{Nd}{1,3}(?:\\.\\p{Nd}{1,3}){3}|\\[(?:[\\p{Nd}a-f]{0,4}:){2}(?:[\\p{Nd}a-f]{0,4}:?){1,6}\\])',
    `)(?::\\p{Nd}{1,5})?(?:[/?#][^${PYTHON_SPACE}]*)?$`,
  ].join(''),
  'iu',
);
const EMAIL = new RegExp(`^[^${PYTHON_SPACE}]+@[${W}][${W}.-]*\\.[${W}]+$`, 'u');
const SCHEME = new RegExp(`^[${W}.+-]{2,}:/{0,2}$`, 'u');
const BLANKS = new RegExp(`([${PYTHON_SPACE}]+)`);
const OPENING = /^(?:[(<]|&lt;)+/;
const CLOSING = /(?:[)>.,\n]|&gt;)+$/;
const CLOSING_ENDS = [')', '>', '.', ',', '\n', '&gt;'];
const PAIRS = [
  ['(', ')'],
  ['<', '>'],
  ['&lt;', '&gt;'],
] as const;

/** Makes links of the addresses in a text that is already safe HTML. */
export function urlize(text: string, options: UrlizeOptions): string {
  for (const scheme of options.schemes) if (!SCHEME.test(scheme)) fail('FilterArgumentError', `"${scheme}" is no beginning of an address`);
  const words = text.split(BLANKS);
  const linked = words.map((word) => {
    options.budget.spend(1);
    return linkWord(word, options);
  });
  return options.budget.text(linked.join(''));
}

function linkWord(word: string, options: UrlizeOptions): string {
  const head = OPENING.exec(word)?.[0] ?? '';
  let middle = word.slice(head.length);
  let tail = CLOSING_ENDS.some((end) => middle.endsWith(end)) ? (CLOSING.exec(middle)?.[0] ?? '') : '';
  middle = middle.slice(0, middle.length - tail.length);
  for (const [open, close] of PAIRS) [middle, tail] = balance(middle, tail, open, close);
  return head + link(middle, options) + tail;
}

/** Closing brackets at the end belong to the address as long as it has open ones. */
function balance(middle: string, tail: string, open: string, close: string): [middle: string, tail: string] {
  const opened = count(middle, open);
  let moves = opened <= count(middle, close) ? 0 : Math.min(opened, count(tail, close));
  let [body, rest] = [middle, tail];
  while (moves-- > 0) {
    const end = rest.indexOf(close) + close.length;
    body += rest.slice(0, end);
    rest = rest.slice(end);
  }
  return [body, rest];
}

const count = (text: string, part: string): number => text.split(part).length - 1;

function link(word: string, { limit, rel, target, schemes }: UrlizeOptions): string {
  const attributes = `${rel === '' ? '' : ` rel="${escapeHtml(rel)}"`}${target === undefined || target === '' ? '' : ` target="${escapeHtml(target)}"`}`;
  if (HTTP.test(word)) {
    const address = word.startsWith('https://') || word.startsWith('http://') ? word : `https://${word}`;
    const shown = limit !== undefined && codePointLength(word) > limit ? `${sliceCodePoints(word, 0, limit)}...` : word;
    return `<a href="${address}"${attributes}>${shown}</a>`;
  }
  if (word.startsWith('mailto:') && EMAIL.test(word.slice(7))) return `<a href="${word}">${word.slice(7)}</a>`;
  const isMail = word.includes('@') && !word.startsWith('www.') && !word.startsWith('@') && !word.includes(':') && EMAIL.test(word);
  if (isMail) return `<a href="mailto:${word}">${word}</a>`;
  return schemes.reduce(
    (text, scheme) => (text !== scheme && text.startsWith(scheme) ? `<a href="${text}"${attributes}>${text}</a>` : text),
    word,
  );
}
