import { attribute, walkXml } from '../xml.ts';
import type { Archive } from '../zip.ts';
import { cellDate } from './spreadsheet-dates.ts';

/** What a cell holds. A date is its text already. Null: nothing, or an error. */
export type Cell = null | string | number | boolean | { readonly date: string } | { readonly time: string };

export type SheetContext = {
  readonly sharedStrings: readonly string[];
  /** By index of a cell's style: whether its numbers are moments. */
  readonly dateStyles: readonly boolean[];
  /** Days are counted from 1904, as old Macs did. */
  readonly from1904: boolean;
};

/** Rows and columns that Excel has at most. */
const MAX_ROWS = 1_048_576;
const MAX_COLUMNS = 16_384;
/** Cells of a sheet, empty ones between others counted: a sheet can name its last cell and none before. */
const MAX_CELLS = 2_000_000;

/** The cells of a sheet by rows from its first; rows may be of different lengths. Undefined when it has more than can be read. */
export function sheetRows(xml: string, context: SheetContext): readonly (readonly Cell[])[] | undefined {
  const rows: Cell[][] = [];
  let row = -1;
  let cell: { column: number; type: string; style: number; value: string } | null = null;
  let column = -1;
  let inValue = false;
  let aside = 0;
  let width = 0;
  let height = 0;
  walkXml(xml, {
    open: (name, attributes) => {
      if (name === 'row') {
        row = positionOf(attribute(attributes, 'r'), row + 1, MAX_ROWS);
        column = -1;
      } else if (name === 'c') {
        column = columnOf(attribute(attributes, 'r'), column + 1);
        cell = { column, type: attributes['t'] ?? 'n', style: Number(attributes['s'] ?? -1), value: '' };
      } else if (name === 'rPh' || name === 'f') aside++;
      else if (name === 'v' || name === 't') inValue = true;
    },
    close: (name) => {
      if (name === 'rPh' || name === 'f') aside--;
      else if (name === 'v' || name === 't') inValue = false;
      else if (name === 'c' && cell !== null) {
        const value = cellValue(cell, context);
        width = Math.max(width, cell.column + 1);
        height = Math.max(height, row + 1);
        if (value !== null && width * height <= MAX_CELLS) {
          while (rows.length <= row) rows.push([]);
          const cells = rows[row];
          while (cells !== undefined && cells.length < cell.column) cells.push(null);
          if (cells !== undefined) cells[cell.column] = value;
        }
        cell = null;
      }
    },
    text: (text) => {
      if (inValue && aside === 0 && cell !== null) cell.value += text;
    },
  });
  return width * height > MAX_CELLS ? undefined : rows;
}

const positionOf = (text: string | undefined, otherwise: number, most: number): number => {
  const number = Number(text);
  return Number.isInteger(number) && number >= 1 && number <= most ? number - 1 : Math.min(otherwise, most - 1);
};

/** `AB12` is column 27, counted from 0. */
function columnOf(reference: string | undefined, otherwise: number): number {
  const letters = /^[A-Z]{1,3}/.exec(reference ?? '')?.[0];
  if (letters === undefined) return Math.min(otherwise, MAX_COLUMNS - 1);
  const number = Array.from(letters).reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0);
  return Math.min(number, MAX_COLUMNS) - 1;
}

function cellValue({ type, style, value }: { type: string; style: number; value: string }, context: SheetContext): Cell {
  switch (type) {
    case 's':
      return value === '' ? null : (context.sharedStrings[Number(value)] ?? null);
    case 'inlineStr':
    case 'str':
      return value;
    case 'b':
      return value === '1';
    case 'e':
      return null;
    case 'd':
      return value === '' ? null : { date: value.replace('T', ' ').replace(/Z$/, '') };
    default: {
      const number = Number(value);
      if (value.trim() === '' || !Number.isFinite(number)) return null;
      return context.dateStyles[style] === true ? cellDate(number, context.from1904) : number;
    }
  }
}

/** The texts that cells refer to by number. */
export async function sharedStrings(archive: Archive): Promise<readonly string[]> {
  const name = 'xl/sharedStrings.xml';
  if (!archive.names.has(name)) return [];
  const strings: string[] = [];
  let current: string | null = null;
  let inText = false;
  let phonetic = 0;
  walkXml(await archive.readText(name), {
    open: (element) => {
      if (element === 'si') current = '';
      else if (element === 'rPh') phonetic++;
      else if (element === 't') inText = true;
    },
    close: (element) => {
      if (element === 't') inText = false;
      else if (element === 'rPh') phonetic--;
      else if (element === 'si') {
        strings.push(current ?? '');
        current = null;
      }
    },
    text: (text) => {
      if (inText && phonetic === 0 && current !== null) current += text;
    },
  });
  return strings;
}
