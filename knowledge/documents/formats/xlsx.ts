import { tooLarge } from '../failure.ts';
import { walkXml } from '../xml.ts';
import type { Archive } from '../zip.ts';
import { relationsOf } from './package-paths.ts';
import { sharedStrings, sheetRows, type SheetContext } from './spreadsheet-cells.ts';
import { dateStyles } from './spreadsheet-dates.ts';
import { sheetTable } from './spreadsheet-table.ts';

const WORKBOOK = 'xl/workbook.xml';

/** All sheets of a workbook as markdown tables, each followed by an empty line. Formulas are given by the values they had when it was saved. */
export async function xlsxText(archive: Archive, maxSheets: number): Promise<string> {
  const relations = await relationsOf(archive, WORKBOOK);
  const sheets: { readonly name: string; readonly path: string }[] = [];
  let from1904 = false;
  walkXml(await archive.readText(WORKBOOK), {
    open: (element, attributes) => {
      if (element === 'workbookPr') from1904 = attributes['date1904'] === '1' || attributes['date1904'] === 'true';
      const path = element === 'sheet' ? relations.get(attributes['r:id'] ?? '') : undefined;
      if (path !== undefined && archive.names.has(path)) sheets.push({ name: attributes['name'] ?? '', path });
    },
  });
  if (sheets.length > maxSheets)
    throw tooLarge(`it has ${sheets.length} sheets, and at most ${maxSheets} are read (setting documents.maxPages)`);
  const context: SheetContext = { sharedStrings: await sharedStrings(archive), dateStyles: await dateStyles(archive), from1904 };
  let text = '';
  for (const { name, path } of sheets) {
    const rows = sheetRows(await archive.readText(path), context);
    if (rows === undefined) throw tooLarge(`its sheet "${name}" has more cells than can be read: split it`);
    text += `${sheetTable(rows)}\n\n`;
  }
  return text;
}
