import { visibleText } from '../visible-text.ts';

/** A piece of finished HTML. Only `safe` makes it, so that text cannot become markup by mistake. */
export type Html = { readonly markup: string };

type Part = string | number | Html | readonly Html[] | null;

/**
 * A template of HTML: what is put in is escaped unless it is HTML itself; null is nothing. Indentation of the template is
 * dropped, that of what is put in is kept.
 */
export function safe(texts: TemplateStringsArray, ...parts: readonly Part[]): Html {
  const pieces = texts.map((text) => text.replace(/\s*\n\s*/g, '\n'));
  let markup = pieces[0] ?? '';
  parts.forEach((part, index) => (markup += markupOf(part) + (pieces[index + 1] ?? '')));
  return { markup };
}

function markupOf(part: Part): string {
  if (part === null) return '';
  if (typeof part === 'number') return String(part);
  if (typeof part === 'string') return escapeHtml(part);
  return 'markup' in part ? part.markup : part.map(({ markup }) => markup).join('');
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;', '`': '&#96;' };

/** Safe in elements and in quoted attributes; hidden characters are made visible. */
const escapeHtml = (text: string): string => visibleText(text).replace(/[&<>"'`]/g, (character) => ENTITIES[character] ?? '');

/** Strangers' text: its writing direction is its own and cannot turn what is around it. */
export const foreign = (text: string): Html => safe`<bdi>${text}</bdi>`;

/** A sentence of ours with strangers' words in it: numbers stay on one line with their unit. */
export const sentence = (text: string): Html => foreign(text.replace(/(\d) (%|points?\b)/g, '$1\u00a0$2'));

/** A section with a heading that can be linked to. */
export const section = (id: string, title: string, ...content: readonly (Html | null)[]): Html =>
  safe` <section id="${id}" aria-labelledby="h-${id}">
    <h2 id="h-${id}">${title}</h2>
    ${content.filter((part) => part !== null)}
  </section>`;

/** A wide table scrolls by itself instead of widening the page; the keyboard can reach it. */
export const scrolling = (label: string, table: Html): Html =>
  safe`<div class="scroll" role="region" aria-label="${label}" tabindex="0">${table}</div>`;
