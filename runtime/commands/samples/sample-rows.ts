import { readCsv, readJsonl, type Row, type Table } from '../../../connectors/index.ts';
import {
  canonicalJson,
  encodeValues,
  isNumeric,
  isRiskflowError,
  RiskflowError,
  sha256Hex,
  toDouble,
  toJsonText,
  type Value,
} from '../../../schemas/index.ts';
import { fileTrouble } from '../flows.ts';

/** Which column is what. Names of columns in the file. */
export type ColumnMap = {
  readonly id?: string;
  readonly label?: string;
  readonly text?: string;
  readonly cluster?: string;
  /** Further renames: field of the sample → column. */
  readonly fields?: Readonly<Record<string, string>>;
};

export type SampleRow = {
  readonly id: string;
  readonly label: string;
  readonly cluster: string | null;
  /** Canonical JSON of the encoded fields. */
  readonly fields: string;
  readonly textHash: string;
  readonly hasText: boolean;
};
export type RejectedRow = { readonly line: number; readonly message: string };
export type ReadSamples = {
  readonly rows: readonly SampleRow[];
  readonly rejected: readonly RejectedRow[];
  readonly fieldNames: readonly string[];
  readonly textField: string | null;
};

/** Characters; results are kept under the ids of their samples. */
export const LONGEST_SAMPLE_ID = 255;

/** Reads samples from CSV, or JSONL when the name ends in .jsonl or .ndjson. @throws RiskflowError for a missing file or column. */
export async function readSamples(path: string, map: ColumnMap): Promise<ReadSamples> {
  checkMap(map);
  const table = await open(path);
  if (table.columns !== null) checkColumns(path, table.columns, map);
  const rows: SampleRow[] = [];
  const rejected: RejectedRow[] = [];
  const ids = new Map<string, number>();
  const fieldNames = new Set<string>();
  try {
    for await (const row of table.rows) {
      const read = row.ok ? readRow(row, map, table.columns === null) : { message: row.message };
      if ('message' in read) rejected.push({ line: row.line, message: read.message });
      else {
        const earlier = ids.get(read.sample.id);
        if (earlier !== undefined) rejected.push({ line: row.line, message: `its id "${read.sample.id}" is that of line ${earlier}` });
        else {
          ids.set(read.sample.id, row.line);
          for (const name of read.fields) fieldNames.add(name);
          rows.push(read.sample);
        }
      }
    }
  } catch (cause) {
    throw new RiskflowError('not_found', `the sample file ${path} cannot be read: ${fileTrouble(cause)}`, { cause });
  }
  const names = [...fieldNames];
  const textField = names.includes('text') ? 'text' : null;
  const textless = textField === null ? [] : rows.filter((row) => !row.hasText);
  rejected.push(...textless.map((row) => ({ line: ids.get(row.id) ?? 0, message: 'it has no field "text", which other rows have' })));
  const kept = textless.length === 0 ? rows : rows.filter((row) => row.hasText);
  return { rows: kept, rejected: rejected.toSorted((a, b) => a.line - b.line), fieldNames: names, textField };
}

async function open(path: string): Promise<Table> {
  if (/\.(jsonl|ndjson)$/i.test(path)) return readJsonl(path);
  try {
    return await readCsv(path, { delimiter: /\.tsv$/i.test(path) ? '\t' : ',' });
  } catch (cause) {
    if (isRiskflowError(cause)) throw cause;
    throw new RiskflowError('not_found', `the sample file ${path} cannot be read: ${fileTrouble(cause)}`, { cause });
  }
}

function checkColumns(path: string, columns: readonly string[], map: ColumnMap): void {
  if (columns.length === 0)
    throw new RiskflowError('invalid_file', `${path} is empty: a header line with the names of the columns was expected`);
  const twice = columns.find((column, i) => columns.indexOf(column) !== i);
  if (twice !== undefined) throw new RiskflowError('invalid_file', `${path} has two columns named "${twice}"`);
  const wanted: readonly (readonly [string, string])[] = [
    ...Object.entries({ '--id': map.id, '--label': map.label ?? 'label', '--text': map.text, '--cluster': map.cluster }).flatMap(
      ([option, column]): readonly (readonly [string, string])[] => (column === undefined ? [] : [[option, column]]),
    ),
    ...Object.entries(map.fields ?? {}).map(([field, column]) => [`--field ${field}`, column] as const),
  ];
  for (const [option, column] of wanted) {
    if (columns.includes(column)) continue;
    const only = columns.length === 1 ? (columns[0] ?? '') : '';
    const separator = [';', '\t', '|'].find((candidate) => only.includes(candidate));
    const hint = separator === undefined ? `its columns are: ${columns.join(', ')}` : 'save it with commas';
    const because =
      separator === undefined ? '' : `: its columns seem to be separated by ${separator === '\t' ? 'tabs' : `"${separator}"`}`;
    throw new RiskflowError('usage', `${path} has no column "${column}" (${option})${because}`, { hint });
  }
}

/** What can be wrong with the mapping itself: two columns for one field, or a field made of the label or the id. */
function checkMap(map: ColumnMap): void {
  if (map.text !== undefined && Object.hasOwn(map.fields ?? {}, 'text')) {
    throw new RiskflowError('usage', 'the field "text" is given twice, by --text and by --field text=…');
  }
  for (const [field, column] of sourcesOf(map)) {
    if (column === (map.label ?? 'label')) {
      throw new RiskflowError('usage', `the field "${field}" would be the label column "${column}", which never reaches a flow`);
    }
    if (column === (map.id ?? 'id')) throw new RiskflowError('usage', `the field "${field}" would be the id column "${column}"`);
  }
}

/** The column of each field that has another name in the file. */
const sourcesOf = (map: ColumnMap): ReadonlyMap<string, string> =>
  new Map([...(map.text === undefined ? [] : [['text', map.text] as const]), ...Object.entries(map.fields ?? {})]);

type ReadRow = { readonly sample: SampleRow; readonly fields: readonly string[] } | { readonly message: string };

function readRow(row: Extract<Row, { ok: true }>, map: ColumnMap, checkPresence: boolean): ReadRow {
  const labelColumn = map.label ?? 'label';
  if (checkPresence) {
    const missing = [labelColumn, map.id, map.text, map.cluster].find((column) => column !== undefined && !row.fields.has(column));
    if (missing !== undefined) return { message: `it has no field "${missing}"` };
  }
  const label = scalarText(row.fields.get(labelColumn) ?? null);
  if (label === null || label === '') return { message: `its label (column "${labelColumn}") is empty, or neither text nor a number` };
  const idColumn = map.id ?? (row.fields.has('id') ? 'id' : undefined);
  const id = idColumn === undefined ? String(row.line) : scalarText(row.fields.get(idColumn) ?? null);
  if (id === null || id === '') return { message: `its id (column "${idColumn ?? 'id'}") is empty, or neither text nor a number` };
  const idTrouble = troubleOfId(id);
  if (idTrouble !== undefined) return { message: `its id (column "${idColumn ?? 'id'}") ${idTrouble}` };
  const cluster = map.cluster === undefined ? null : scalarText(row.fields.get(map.cluster) ?? null);
  const fields = fieldsOf(row.fields, map, new Set([labelColumn, ...(idColumn === undefined ? [] : [idColumn])]));
  if (fields.size === 0) return { message: 'it has no field beside its id and label' };
  const text = fields.get('text');
  if (text === '' || text === null) return { message: `its text (column "${map.text ?? 'text'}") is empty` };
  const json = canonicalJson(encodeValues(fields));
  return {
    sample: {
      id,
      label,
      cluster: cluster === '' ? null : cluster,
      fields: json,
      textHash: sha256Hex(typeof text === 'string' ? text : json),
      hasText: text !== undefined,
    },
    fields: [...fields.keys()],
  };
}

/** Why it cannot be kept as a key. */
function troubleOfId(id: string): string | undefined {
  if (id.length > LONGEST_SAMPLE_ID) return `is ${id.length} characters long, and at most ${LONGEST_SAMPLE_ID} are possible`;
  return id.isWellFormed() ? undefined : 'holds half a character (a lone surrogate)';
}

/** The label is left out: it never reaches a flow. */
function fieldsOf(columns: ReadonlyMap<string, Value>, map: ColumnMap, leftOut: ReadonlySet<string>): ReadonlyMap<string, Value> {
  const sources = sourcesOf(map);
  const moved = new Set(sources.values());
  const fields = new Map<string, Value>();
  // A field that was given a column has that one, also where the file has a column of its own name.
  for (const [column, value] of columns) if (!leftOut.has(column) && !moved.has(column) && !sources.has(column)) fields.set(column, value);
  for (const [field, column] of sources) {
    const value = columns.get(column);
    if (value !== undefined) fields.set(field, value);
  }
  return fields;
}

const scalarText = (value: Value): string | null => {
  if (typeof value === 'string') return value.trim();
  if (typeof value === 'boolean') return String(value);
  return isNumeric(value) && Number.isFinite(toDouble(value)) ? toJsonText(value) : null;
};
