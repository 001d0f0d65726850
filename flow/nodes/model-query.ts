import { isSecretRef, type SecretRef } from '../../schemas/core.ts';
import type { Selector } from '../plan/selector.ts';
import { renderText, secretPlaceholder, type Lookup } from '../text/index.ts';

export type Query = { readonly text: string; readonly secrets: readonly SecretRef[] };

/** The text of the variable a node asks about. One that does not exist is "", as in Dify. */
export function queryOf(selector: Selector, lookup: Lookup): Query {
  const value = lookup(selector) ?? null;
  if (typeof value === 'object' && value !== null && isSecretRef(value)) return { text: secretPlaceholder(value), secrets: [value] };
  return { text: renderText(value), secrets: [] };
}
