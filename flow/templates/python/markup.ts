import { toText } from './printing.ts';
import { isMarkup, markup, type Budget, type Markup, type Py } from './values.ts';

const SPECIAL = /[&<>'"]/;
const ENTITIES: ReadonlyMap<string, string> = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ["'", '&#39;'],
  ['"', '&#34;'],
]);

/** The text with the special characters of HTML as entities. */
export const escapeHtml = (text: string): string =>
  SPECIAL.test(text) ? text.replace(/[&<>'"]/g, (char) => ENTITIES.get(char) ?? char) : text;

/** `escape(value)` of MarkupSafe: marked text stays, everything else is printed and escaped. */
export const escapeValue = (value: Py, budget: Budget): Markup =>
  isMarkup(value) ? value : markup(budget.text(escapeHtml(toText(value, budget))));
