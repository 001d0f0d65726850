import { basename } from 'node:path';
import { compileMapping, readCsv, readJsonl, type Row, type Table } from '../../../connectors/index.ts';
import { startVariables, type Plan } from '../../../flow/index.ts';
import { encodeValues, isRiskflowError, RiskflowError, type BatchStarted, type Json, type Value } from '../../../schemas/index.ts';
import { fileTrouble } from '../flows.ts';
import { recordInputs } from '../../streams/deciding/record-inputs.ts';

/** What one run of a batch is given; `line` is where its row begins in the file, from 1. Inputs in encoded form. */
export type BatchRow = { readonly line: number; readonly inputs: Json; readonly query?: string };

export type ReadRows = {
  readonly fileName: string;
  readonly rows: readonly BatchRow[];
  readonly rejected: BatchStarted['data']['rejected'];
};

/**
 * Reads a file of inputs: CSV or TSV with the inputs as columns, or JSON lines with an object in each. A row that cannot be read, or that
 * the flow refuses, is told with its line and stops no other.
 * @throws RiskflowError when there is no such file, or its header cannot be read
 */
export async function readBatchRows(path: string, plan: Plan): Promise<ReadRows> {
  const rows: BatchRow[] = [];
  const rejected: { readonly line: number; readonly error: string }[] = [];
  const isText = !/\.(jsonl|ndjson)$/i.test(path);
  try {
    for await (const row of (await open(path)).rows) {
      const read = row.ok ? readRow(row, plan, isText) : { line: row.line, error: row.message };
      if ('error' in read) rejected.push(read);
      else rows.push(read);
    }
  } catch (cause) {
    if (isRiskflowError(cause)) throw cause;
    throw new RiskflowError('not_found', `the file ${path} cannot be read: ${fileTrouble(cause)}`, { cause });
  }
  return { fileName: basename(path), rows, rejected };
}

const open = (path: string): Promise<Table> =>
  /\.(jsonl|ndjson)$/i.test(path) ? Promise.resolve(readJsonl(path)) : readCsv(path, { delimiter: /\.tsv$/i.test(path) ? '\t' : ',' });

function readRow(
  row: Extract<Row, { ok: true }>,
  plan: Plan,
  isText: boolean,
): BatchRow | { readonly line: number; readonly error: string } {
  const fields = isText ? withCheckboxes(row.fields, plan) : row.fields;
  const settings = { inputs: {}, samplingRate: 1, ...(plan.mode === 'advanced-chat' && fields.has('query') ? { query: 'query' } : {}) };
  const compiled = compileMapping(settings);
  if (!compiled.ok) throw new RiskflowError('internal', 'the rows of a batch cannot be read as they are');
  const read = recordInputs(plan, { mapping: compiled.mapping, settings }, { fields, meta: NO_META });
  if (!read.ok) return { line: row.line, error: read.message };
  return { line: row.line, inputs: encodeValues(read.inputs), ...(read.query === undefined ? {} : { query: read.query }) };
}

const NO_META = { key: null, headers: [], timestamp: null, topic: '', partition: 0, offset: 0 };

/** CSV has text only: true and false stand for a checkbox. */
function withCheckboxes(fields: ReadonlyMap<string, Value>, plan: Plan): ReadonlyMap<string, Value> {
  const boxes = startVariables(plan).flatMap(({ name, type }): readonly (readonly [string, Value])[] => {
    const value = fields.get(name);
    return type === 'checkbox' && typeof value === 'string' ? [[name, /^(true|yes|1)$/i.test(value.trim())]] : [];
  });
  return new Map([...fields, ...boxes]);
}
