import { isNumeric, toJsonText, type Value, type Values } from '../../schemas/index.ts';
import type { Mapping } from './compile-mapping.ts';
import type { CompiledExpression, RecordView } from './record-view.ts';

/** The field that is the query, and the text of a record, unless the settings name another. */
const TEXT_FIELD = 'text';

/** The value of a start variable: what the settings say, else the field of its name. Undefined where the record has none. */
export function readInput(mapping: Mapping, name: string, view: RecordView): Value | undefined {
  const expression = mapping.inputs.get(name);
  return expression === undefined ? view.fields.get(name) : expression.read(view);
}

/** The values of those start variables for which the record has one. */
export function readInputs(mapping: Mapping, names: readonly string[], view: RecordView): Values {
  const inputs = new Map<string, Value>();
  for (const name of names) {
    const value = readInput(mapping, name, view);
    if (value !== undefined) inputs.set(name, value);
  }
  return inputs;
}

/** What a chat flow gets as `sys.query`; undefined where there is no text (a number is its text, an empty text is none). */
export const readQuery = (mapping: Mapping, view: RecordView): string | undefined => textOf(mapping.query, view);

/** The text that represents the record; undefined where there is none. */
export const readText = (mapping: Mapping, view: RecordView): string | undefined => textOf(mapping.text, view);

function textOf(expression: CompiledExpression | null, view: RecordView): string | undefined {
  const value = expression === null ? view.fields.get(TEXT_FIELD) : expression.read(view);
  if (typeof value === 'string') return value === '' ? undefined : value;
  return value !== undefined && isNumeric(value) ? toJsonText(value) : undefined;
}
