import type { SecretRef } from '../../schemas/core.ts';
import type { Lookup } from './lookup.ts';
import { renderValue, secretsOf, type RenderMode } from './render.ts';
import { withoutSecretMarks } from './secret-text.ts';

/**
 * A template of Dify's `{{#node.name#}}` kind, parsed once; plain data that can be stored as JSON.
 *
 * A segment with a `selector` is replaced by the variable's text when there is one, and by `text` when not. A segment that is
 * no token has a selector when it is literal text that reads like one ("n.s"): Dify replaces such a piece too.
 */
export type VariableTemplate = { readonly segments: readonly TemplateSegment[] };
export type TemplateSegment = {
  readonly text: string;
  readonly selector?: readonly string[];
  readonly token?: true;
};

export type RenderedTemplate = { readonly text: string; readonly secrets: readonly SecretRef[] };

const TOKEN = /\{\{#([a-zA-Z0-9_]{1,50}(?:\.[a-zA-Z_][a-zA-Z0-9_]{0,29}){1,10})#\}\}/g;

// Longer pieces of text are not looked up as selectors: no pool has such names, and prompts are full of dots.
const LONGEST_LITERAL_SELECTOR = 512;

/** Parses a template. Nothing is refused: what is no token is text. */
export function compileVariableTemplate(source: string): VariableTemplate {
  const segments: TemplateSegment[] = [];
  let end = 0;
  for (const match of source.matchAll(TOKEN)) {
    if (match.index > end) segments.push(literal(source.slice(end, match.index)));
    const text = match[1] ?? '';
    segments.push({ text, selector: text.split('.'), token: true });
    end = match.index + match[0].length;
  }
  if (end < source.length) segments.push(literal(source.slice(end)));
  return { segments };
}

function literal(source: string): TemplateSegment {
  const text = withoutSecretMarks(source);
  return source.length <= LONGEST_LITERAL_SELECTOR && source.includes('.') ? { text, selector: source.split('.') } : { text };
}

const NO_SECRETS: readonly SecretRef[] = [];

/** Fills a template in. Each secret stands in the text as its placeholder (`secretPlaceholder`) and is listed once per use. */
export function renderTemplate(template: VariableTemplate, lookup: Lookup, mode: RenderMode): RenderedTemplate {
  let text = '';
  let secrets = NO_SECRETS;
  for (const segment of template.segments) {
    const value = segment.selector === undefined ? undefined : lookup(segment.selector);
    if (value === undefined) {
      text += segment.text;
    } else {
      text += renderValue(value, mode);
      if (typeof value === 'object' && value !== null) secrets = withSecretsOf(secrets, secretsOf(value));
    }
  }
  return { text, secrets };
}

const withSecretsOf = (known: readonly SecretRef[], more: readonly SecretRef[]): readonly SecretRef[] =>
  more.length === 0 ? known : [...known, ...more];

/** The selectors of a template's tokens, in order, with repetitions. */
export const templateSelectors = (template: VariableTemplate): readonly (readonly string[])[] =>
  template.segments.flatMap((segment) => (segment.token === true && segment.selector !== undefined ? [segment.selector] : []));

/**
 * Literal pieces of a template that Dify would replace because they equal the selector of a variable. Import warns about them.
 *
 * @param exists whether a selector names a variable of the flow
 */
export const findLiteralSelectors = (template: VariableTemplate, exists: (selector: readonly string[]) => boolean): readonly string[] =>
  template.segments.flatMap(({ text, selector, token }) => (token !== true && selector !== undefined && exists(selector) ? [text] : []));
