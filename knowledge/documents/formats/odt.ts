import { attribute, walkXml } from '../xml.ts';
import type { Archive } from '../zip.ts';
import { wordTable } from './markdown-table.ts';

/** What is written about a text rather than in it. */
const ASIDE: ReadonlySet<string> = new Set(['annotation', 'tracked-changes', 'note-citation', 'forms', 'sequence-decls']);
const MAX_BLANKS = 1000;

/** Paragraphs and tables of an OpenDocument text in their order, one line each; tables as markdown. */
export async function odtText(archive: Archive): Promise<string> {
  const items: string[] = [];
  const tables: { rows: string[][]; cell: string[] | null }[] = [];
  const open: string[] = [];
  let aside = 0;
  const add = (text: string): void => {
    if (open.length > 0 && aside === 0) open.push((open.pop() ?? '') + text);
  };
  walkXml(await archive.readText('content.xml'), {
    open: (name, attributes) => {
      if (ASIDE.has(name)) aside++;
      if (aside > 0) return;
      if (name === 'p' || name === 'h') open.push('');
      else if (name === 's') add(' '.repeat(Math.min(Number(attribute(attributes, 'c') ?? 1) || 1, MAX_BLANKS)));
      else if (name === 'tab') add('\t');
      else if (name === 'line-break') add('\n');
      else if (name === 'table') tables.push({ rows: [], cell: null });
      else if (name === 'table-row') tables.at(-1)?.rows.push([]);
      else if (name === 'table-cell') {
        const table = tables.at(-1);
        if (table !== undefined) table.cell = [];
      }
    },
    close: (name) => {
      if (ASIDE.has(name)) aside--;
      else if (aside > 0) return;
      else if (name === 'p' || name === 'h') (tables.at(-1)?.cell ?? items).push(open.pop() ?? '');
      else if (name === 'table-cell') {
        const table = tables.at(-1);
        table?.rows.at(-1)?.push((table.cell ?? []).join('\n'));
        if (table !== undefined) table.cell = null;
      } else if (name === 'table') {
        const rows = tables.pop()?.rows ?? [];
        if (rows.length > 0) (tables.at(-1)?.cell ?? items).push(wordTable(rows));
      }
    },
    text: add,
  });
  return items.join('\n').trim();
}
