import { compileMapping, readInputs, type RecordView } from '../../../connectors/index.ts';
import { isNumeric, recordSettings, RiskflowError, toDouble, toJsonText, type Value } from '../../../schemas/index.ts';

const NAME = 'label';

/** What a record says that it truly is: null where it does not say, or says neither text nor a number. @throws RiskflowError `usage` */
export function labelReader(expression: string): (view: RecordView) => string | null {
  const compiled = compileMapping(recordSettings.parse({ inputs: { [NAME]: expression } }));
  if (!compiled.ok) throw new RiskflowError('usage', `--label ${expression}: ${compiled.problems[0]?.message ?? 'it cannot be read'}`);
  return (view) => scalarText(readInputs(compiled.mapping, [NAME], view).get(NAME) ?? null);
}

function scalarText(value: Value): string | null {
  if (typeof value === 'string') return value.trim() === '' ? null : value.trim();
  if (typeof value === 'boolean') return String(value);
  return isNumeric(value) && Number.isFinite(toDouble(value)) ? toJsonText(value) : null;
}
