import { isArray, isFloatTag, isObject, isSecretRef, type ArrayValue, type SecretRef, type Value } from '../../schemas/core.ts';
import { fileMarkdown, isFile, isFileArray } from './file-value.ts';
import { pythonFloat, pythonJson, pythonRepr, pythonStr } from './python-text.ts';
import { secretPlaceholder, withoutSecretMarks } from './secret-text.ts';

/** `text` for prompts, requests and conditions; `markdown` for answers. */
export type RenderMode = 'text' | 'markdown';

/**
 * The text of a value in prompts, requests and conditions, as Dify prints it: numbers, booleans and lists as Python does,
 * objects and lists of strings as JSON with non-ASCII kept; null, empty lists and files as nothing. A secret is its placeholder.
 */
export const renderText = (value: Value): string => renderValue(value, 'text');

/** The text of a value in an answer: as `renderText`, but objects as indented JSON, lists as lines "- item", files as links. */
export const renderMarkdown = (value: Value): string => renderValue(value, 'markdown');

/** The text of a value. No text inside the value can pass for a secret's placeholder. */
export function renderValue(value: Value, mode: RenderMode): string {
  if (typeof value === 'string') return withoutSecretMarks(value);
  if (value === null) return '';
  if (typeof value !== 'object') return pythonRepr(value);
  if (isSecretRef(value)) return secretPlaceholder(value);
  if (isFloatTag(value)) return pythonFloat(value.float);
  // Only a value without secrets may be cleaned after printing: cleaning would destroy the placeholders.
  return holdsSecret(value) ? printContainer(withCleanTexts(value), mode) : withoutSecretMarks(printContainer(value, mode));
}

function printContainer(value: Value, mode: RenderMode): string {
  if (isArray(value)) return mode === 'text' ? arrayText(value) : arrayMarkdown(value);
  if (isFile(value)) return mode === 'text' ? '' : fileMarkdown(value);
  return pythonJson(value, { ensureAscii: false, indent: mode === 'text' ? undefined : 2 });
}

function arrayText(value: ArrayValue): string {
  if (value.length === 0 || isFileArray(value)) return '';
  if (value.every((item) => typeof item === 'string')) return pythonJson(value, { ensureAscii: false });
  return pythonRepr(value);
}

const arrayMarkdown = (value: ArrayValue): string =>
  isFileArray(value) ? value.map(fileMarkdown).join('\n') : value.map((item) => `- ${pythonStr(item)}`).join('\n');

/** The secrets anywhere in a value. */
export function secretsOf(value: Value): readonly SecretRef[] {
  if (typeof value !== 'object' || value === null) return [];
  if (isArray(value)) return value.flatMap(secretsOf);
  if (isObject(value)) return Array.from(value.values()).flatMap(secretsOf);
  return isSecretRef(value) ? [value] : [];
}

function holdsSecret(value: Value): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (isArray(value)) return value.some(holdsSecret);
  if (isObject(value)) {
    for (const item of value.values()) if (holdsSecret(item)) return true;
    return false;
  }
  return isSecretRef(value);
}

export function withCleanTexts(value: Value): Value {
  if (typeof value === 'string') return withoutSecretMarks(value);
  if (typeof value !== 'object' || value === null) return value;
  if (isArray(value)) return value.map(withCleanTexts);
  if (!isObject(value)) return value;
  return new Map(Array.from(value, ([key, item]): [string, Value] => [withoutSecretMarks(key), withCleanTexts(item)]));
}
