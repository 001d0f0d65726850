import { readCsv } from '../../../connectors/index.ts';
import { isRiskflowError, RiskflowError } from '../../../schemas/index.ts';
import { fileTrouble } from '../flows.ts';

/** Labels by sample id, of a CSV file with the columns `id` and `label`. @throws RiskflowError that names the file and the line */
export async function readLabels(path: string): Promise<ReadonlyMap<string, string>> {
  const labels = new Map<string, string>();
  try {
    const table = await readCsv(path, { delimiter: ',' });
    const missing = ['id', 'label'].find((column) => table.columns?.includes(column) !== true);
    if (missing !== undefined)
      throw new RiskflowError('invalid_file', `the labels file ${path} has no column "${missing}"`, {
        hint: 'it needs the columns id and label',
      });
    for await (const row of table.rows) {
      const [id, label] = row.ok ? [row.fields.get('id'), row.fields.get('label')] : [];
      if (!row.ok || typeof id !== 'string' || typeof label !== 'string' || id.trim() === '' || label.trim() === '')
        throw new RiskflowError(
          'invalid_file',
          `the labels file ${path}, line ${row.line}: ${row.ok ? 'its id or label is empty' : row.message}`,
        );
      if (labels.has(id.trim()))
        throw new RiskflowError('invalid_file', `the labels file ${path}, line ${row.line}: the id "${id.trim()}" comes twice`);
      labels.set(id.trim(), label.trim());
    }
  } catch (cause) {
    if (isRiskflowError(cause)) throw cause;
    throw new RiskflowError('not_found', `the labels file ${path} cannot be read: ${fileTrouble(cause)}`, { cause });
  }
  return labels;
}
