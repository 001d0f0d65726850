import { markdownTable } from './markdown-table.ts';

/** A CSV file as a markdown table; line breaks in cells become blanks. */
export function csvText(text: string): string {
  const rows = readCsv(text);
  const oneLine = (cell: string): string => cell.replaceAll('\n', ' ').replaceAll('\r', '');
  if (rows.length === 0) return '';
  // The rule is as long as the head was before its line breaks were taken out.
  const rules = (rows[0] ?? []).map((head) => '-'.repeat(Array.from(head).length));
  return markdownTable(
    rows.map((row) => row.map(oneLine)),
    rules,
  );
}

/**
 * Reads CSV as Python's csv module does, which refuses nothing: a quote within a field stands for itself, what follows a closing quote
 * is added, an open quote lasts to the end. A parser that stops at the first such row would lose the file.
 */
function readCsv(text: string): readonly (readonly string[])[] {
  const rows: string[][] = [];
  let row: string[] = [];
  let field = '';
  let quoted = false;
  let started = false;
  const endField = (): void => {
    row.push(field);
    field = '';
    started = false;
  };
  const endRow = (): void => {
    if (row.length > 0 || started) endField();
    rows.push(row);
    row = [];
  };
  for (let i = 0; i < text.length; i++) {
    const char = text[i] ?? '';
    if (quoted) {
      if (char !== '"') field += char;
      else if (text[i + 1] === '"') {
        field += '"';
        i++;
      } else quoted = false;
    } else if (char === '"' && !started) {
      quoted = true;
      started = true;
    } else if (char === ',') {
      endField();
    } else if (char === '\n' || char === '\r') {
      if (char === '\r' && text[i + 1] === '\n') i++;
      endRow();
    } else {
      field += char;
      started = true;
    }
  }
  if (row.length > 0 || started) endRow();
  return rows;
}
