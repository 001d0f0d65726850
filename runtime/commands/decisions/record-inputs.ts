import { checkInputs, startVariables, type Plan } from '../../../flow/index.ts';
import { isNumeric, toJsonText, type ObjectValue, type SourceCreated, type Value, type Values } from '../../../schemas/index.ts';

/** How a record becomes the inputs of a run. */
export type RecordShape = Pick<SourceCreated['data'], 'inputMap' | 'queryField' | 'keyField'>;

export type RecordInputs =
  | { readonly ok: true; readonly inputs: Values; readonly query: string | undefined; readonly key: string | null }
  /** A sentence about the record. */
  | { readonly ok: false; readonly message: string };

/** The field that a chat flow takes as `sys.query` unless the source names another. */
const QUERY_FIELD = 'text';

/** Each start variable takes the field which the map names, else the field of its own name; then the flow's input check decides. */
export function recordInputs(plan: Plan, shape: RecordShape, fields: ObjectValue): RecordInputs {
  const inputs = new Map<string, Value>();
  for (const { name } of startVariables(plan)) {
    const value = fields.get(fieldOf(shape, name));
    if (value !== undefined) inputs.set(name, value);
  }
  const checked = checkInputs(plan, inputs);
  if (!checked.ok) return { ok: false, message: `it does not fit flow "${plan.flow}": ${checked.message}` };
  const query = queryOf(plan, shape, fields);
  if (query === null)
    return {
      ok: false,
      message: `it has no text in the field "${shape.queryField ?? QUERY_FIELD}", which is the query of flow "${plan.flow}"`,
    };
  const key = keyOf(shape, fields);
  if (key === undefined) return { ok: false, message: `its key (field "${shape.keyField ?? ''}") is neither text nor a number` };
  return { ok: true, inputs, query, key };
}

const fieldOf = ({ inputMap }: RecordShape, input: string): string => (Object.hasOwn(inputMap, input) ? (inputMap[input] ?? input) : input);

/** Undefined where the flow has no query, null where it has one and the record has not. */
function queryOf(plan: Plan, shape: RecordShape, fields: ObjectValue): string | undefined | null {
  if (shape.queryField === null && plan.mode !== 'advanced-chat') return undefined;
  const value = fields.get(shape.queryField ?? QUERY_FIELD);
  return typeof value === 'string' && value !== '' ? value : null;
}

/** Null for a record without a key, which is a duplicate of none; undefined when there is something else in its place. */
function keyOf({ keyField }: RecordShape, fields: ObjectValue): string | null | undefined {
  const value = keyField === null ? null : (fields.get(keyField) ?? null);
  if (value === null || value === '') return null;
  if (typeof value === 'string') return value;
  return isNumeric(value) ? toJsonText(value) : undefined;
}
