import { attribute, walkXml, type Attributes } from '../xml.ts';
import type { Archive } from '../zip.ts';
import { wordTable } from './markdown-table.ts';

type Cell = { paragraphs: string[]; span: number; goesOn: boolean };
type Table = { rows: string[][]; row: string[]; cell: Cell | null };

/**
 * Paragraphs and tables of a Word document in their order, one line each; tables as markdown. A merged cell stands in each place that it
 * covers. Deleted text, comments, heads and feet of pages are left out.
 */
export async function docxText(archive: Archive): Promise<string> {
  return bodyText(await archive.readText('word/document.xml'));
}

function bodyText(xml: string): string {
  const items: string[] = [];
  const tables: Table[] = [];
  const paragraphs: string[] = [];
  let inText = 0;
  // The second form of what older programs cannot show.
  let inFallback = 0;

  const add = (text: string): void => {
    if (paragraphs.length > 0) paragraphs.push((paragraphs.pop() ?? '') + text);
  };
  const endParagraph = (): void => {
    const text = paragraphs.pop() ?? '';
    const cell = tables.at(-1)?.cell;
    if (cell == null) items.push(text);
    else cell.paragraphs.push(text);
  };

  walkXml(xml, {
    open: (name, attributes) => {
      if (name === 'Fallback') inFallback++;
      if (inFallback > 0) return;
      if (name === 't') inText++;
      else if (name === 'p') paragraphs.push('');
      else if (name === 'tbl') tables.push({ rows: [], row: [], cell: null });
      else if (name === 'tc' || name === 'gridSpan' || name === 'vMerge') shapeCell(tables.at(-1), name, attributes);
      else add(markText(name, attributes));
    },
    close: (name) => {
      if (name === 'Fallback') inFallback--;
      else if (inFallback > 0) return;
      else if (name === 't') inText--;
      else if (name === 'p') endParagraph();
      else if (name === 'tc') endCell(tables.at(-1));
      else if (name === 'tr') endRow(tables.at(-1));
      else if (name === 'tbl') endTable(tables, items);
    },
    text: (text) => {
      if (inText > 0 && inFallback === 0) add(text);
    },
  });
  return items.join('\n');
}

function markText(name: string, attributes: Attributes): string {
  if (name === 'tab' && Object.keys(attributes).length === 0) return '\t';
  if (name === 'cr') return '\n';
  if (name === 'noBreakHyphen') return '-';
  if (name !== 'br') return '';
  const type = attribute(attributes, 'type');
  return type === undefined || type === 'textWrapping' ? '\n' : '';
}

/** More columns than any document has. */
const MAX_SPAN = 100;

function shapeCell(table: Table | undefined, name: string, attributes: Attributes): void {
  if (table === undefined) return;
  if (name === 'tc') table.cell = { paragraphs: [], span: 1, goesOn: false };
  const { cell } = table;
  if (cell === null) return;
  const value = attribute(attributes, 'val');
  if (name === 'gridSpan') cell.span = Math.min(Math.max(Number(value) || 1, 1), MAX_SPAN);
  if (name === 'vMerge') cell.goesOn = value !== 'restart';
}

function endCell(table: Table | undefined): void {
  const cell = table?.cell;
  if (table === undefined || cell == null) return;
  const above = cell.goesOn ? table.rows.at(-1)?.[table.row.length] : undefined;
  const text = above ?? cell.paragraphs.join('\n');
  for (let i = 0; i < cell.span; i++) table.row.push(text);
  table.cell = null;
}

function endRow(table: Table | undefined): void {
  if (table === undefined) return;
  table.rows.push(table.row);
  table.row = [];
}

function endTable(tables: Table[], items: string[]): void {
  const rows = tables.pop()?.rows ?? [];
  const outer = tables.at(-1)?.cell;
  if (outer != null) outer.paragraphs.push(...rows.map((row) => row.join(' ')));
  else if (rows.some((row) => row.some((cell) => cell.trim() !== ''))) items.push(wordTable(rows));
}
