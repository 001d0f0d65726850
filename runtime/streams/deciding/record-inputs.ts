import { decodeMeta, readInputs, readQuery, type Mapping, type RecordView } from '../../../connectors/index.ts';
import { checkInputs, startVariables, type Plan } from '../../../flow/index.ts';
import { isObject, parseJson, RiskflowError, type InboxRecord, type RecordSettings, type Values } from '../../../schemas/index.ts';

export type RecordInputs =
  | { readonly ok: true; readonly inputs: Values; readonly query: string | undefined }
  /** A sentence about the record. */
  | { readonly ok: false; readonly message: string };

/** How a source's records become inputs. */
export type RecordReading = { readonly mapping: Mapping; readonly settings: RecordSettings };

const CHAT_MODES: ReadonlySet<string> = new Set(['advanced-chat']);

/** Each start variable takes what the settings say, else the field of its own name; then the flow's input check decides. */
export function recordInputs(plan: Plan, { mapping, settings }: RecordReading, view: RecordView): RecordInputs {
  const names = startVariables(plan).map(({ name }) => name);
  const inputs = readInputs(mapping, names, view);
  const checked = checkInputs(plan, inputs);
  if (!checked.ok) return { ok: false, message: `it does not fit flow "${plan.flow}": ${checked.message}` };
  if (settings.query === undefined && !CHAT_MODES.has(plan.mode)) return { ok: true, inputs, query: undefined };
  const query = readQuery(mapping, view);
  if (query !== undefined) return { ok: true, inputs, query };
  const where = typeof settings.query === 'object' ? 'what its settings take as the query' : `the field "${settings.query ?? 'text'}"`;
  return { ok: false, message: `it has no text in ${where}, which is the query of flow "${plan.flow}"` };
}

/** A record of the inbox as expressions see it. @throws RiskflowError when its body is not what was stored */
export function viewOf({ origin, body, meta, recordId }: InboxRecord): RecordView {
  const parsed = parseJson(body);
  if (!parsed.ok || !isObject(parsed.value)) throw new RiskflowError('internal', `record ${recordId} in the inbox is not a JSON object`);
  const { topic, partition, offset } = origin;
  return { fields: parsed.value, meta: { ...decodeMeta(meta), topic, partition, offset } };
}
