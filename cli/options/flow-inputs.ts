import { isObject, parseJson, RiskflowError, typeOf, type Values } from '../../schemas/core.ts';
import { readTextFile } from '../read-text-file.ts';
import type { Terminal } from '../terminal.ts';

const HINT = `for example: --inputs '{"text": "hello"}', or --inputs @FILE.json`;

/** What `--inputs` says: a JSON object, or `@FILE` with one in it, `@-` for standard input. Numbers stay as they are written. */
export async function readInputs(terminal: Terminal, given: string): Promise<Values> {
  const file = given.startsWith('@') ? given.slice(1) : null;
  const text = file === null ? given : await readTextFile(terminal, file, 'inputs file');
  return readJsonObject(text, { what: file === null ? '--inputs' : `the inputs file ${file}`, hint: HINT });
}

/** @throws RiskflowError with line and column where it stops being JSON. */
export function readJsonObject(text: string, { what, hint }: { readonly what: string; readonly hint: string }): Values {
  // Windows editors put a byte order mark in front.
  const parsed = parseJson(text.replace(/^\ufeff/, ''));
  if (!parsed.ok) {
    const { message, line, column } = parsed.error;
    throw new RiskflowError('invalid_input', `${what} is not valid JSON: ${message} (line ${line}, column ${column})`, { hint });
  }
  if (!isObject(parsed.value))
    throw new RiskflowError('invalid_input', `${what} must be a JSON object, not ${typeOf(parsed.value)}`, { hint });
  return parsed.value;
}
