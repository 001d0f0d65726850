import type { Cell } from './spreadsheet-cells.ts';
import { markdownTable } from './markdown-table.ts';

/** Texts that pandas reads as nothing. */
const NOTHING: ReadonlySet<string> = new Set([
  '',
  '#N/A',
  '#N/A N/A',
  '#NA',
  '-1.#IND',
  '-1.#QNAN',
  '-NaN',
  '-nan',
  '1.#IND',
  '1.#QNAN',
  '<NA>',
  'N/A',
  'NA',
  'NULL',
  'NaN',
  'None',
  'n/a',
  'nan',
  'null',
]);

const oneLine = (text: string): string => text.split(/\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/).join(' ');

/**
 * A sheet as Dify prints what pandas reads of it: the first row names the columns, empty rows are left out, an empty cell is `nan`, and
 * whole numbers get `.0` where pandas would have made floats of them (a column with an empty cell or a fraction; a table of numbers only
 * that has such a column). Unlike pandas, text that looks like a number stays as it is: an account number keeps its zeros.
 */
export function sheetTable(rows: readonly (readonly Cell[])[]): string {
  const width = rows.reduce((most, row) => Math.max(most, row.length), 0);
  if (width === 0) return emptyTable();
  const [head = [], ...rest] = rows;
  const names = columnNames(head, width);
  const all = rest.map((row) => Array.from({ length: width }, (_, i) => known(row[i] ?? null)));
  // Empty rows are left out once they have made their columns hold floats.
  const kinds = names.map((_, column) => columnKind(all.map((row) => row[column] ?? null)));
  const body = all.filter((row) => row.some((cell) => cell !== null));
  const allFloats = kinds.includes('float') && kinds.every((kind) => kind === 'float' || kind === 'integer');
  const lines = body.map((row) => row.map((cell, column) => cellText(cell, allFloats ? 'float' : (kinds[column] ?? 'mixed'))));
  return markdownTable(
    [names, ...lines],
    names.map((name) => '-'.repeat(Array.from(name).length)),
  ).slice(0, -1);
}

const emptyTable = (): string => '|  |\n|  |';

type ColumnKind = 'integer' | 'float' | 'date' | 'mixed';

/** How pandas would hold a column: an empty cell is a float to it, and so is all that can be one beside it. */
function columnKind(cells: readonly Cell[]): ColumnKind {
  const there = cells.filter((cell) => cell !== null);
  const full = there.length === cells.length;
  if (there.length === 0) return 'float';
  if (there.every((cell) => typeof cell === 'number')) return full && there.every(Number.isInteger) ? 'integer' : 'float';
  if (there.every((cell) => typeof cell === 'boolean')) return full ? 'mixed' : 'float';
  return there.every((cell) => typeof cell === 'object' && 'date' in cell) ? 'date' : 'mixed';
}

const known = (cell: Cell): Cell => (typeof cell === 'string' && NOTHING.has(cell) ? null : cell);

function cellText(cell: Cell, kind: ColumnKind): string {
  if (cell === null) return kind === 'date' ? 'NaT' : 'nan';
  if (typeof cell === 'string') return oneLine(cell);
  if (typeof cell === 'object') return 'date' in cell ? cell.date : cell.time;
  if (kind === 'float') return pythonFloat(Number(cell));
  if (typeof cell === 'boolean') return cell ? 'True' : 'False';
  return Number.isInteger(cell) ? BigInt(cell).toString() : pythonFloat(cell);
}

/** Shortest digits; exponents have a sign and two digits at least. */
function pythonFloat(n: number): string {
  const size = Math.abs(n);
  if (Number.isInteger(n) && size < 1e16) return `${n}.0`;
  if (size >= 1e-4 && size < 1e16) return String(n);
  const [digits = '', exponent = '0'] = n.toExponential().split('e');
  return `${digits}e${exponent.startsWith('-') ? '-' : '+'}${exponent.replace(/^[+-]/, '').padStart(2, '0')}`;
}

function columnNames(head: readonly Cell[], width: number): readonly string[] {
  const taken = new Map<string, number>();
  return Array.from({ length: width }, (_, i) => {
    const cell = head[i] ?? null;
    const name = cell === null || cell === '' ? `Unnamed: ${i}` : oneLine(cellText(cell, 'mixed'));
    const times = taken.get(name) ?? 0;
    taken.set(name, times + 1);
    return times === 0 ? name : `${name}.${times}`;
  });
}
