import { oneLine, shorten, widthOf } from './visible-text.ts';

export type Column = { readonly title: string; readonly align?: 'right'; readonly atMost?: number };

/** Rows below titles, two blanks between columns. Cells are cut to their column's `atMost` (default 60 columns). */
export function renderTable(columns: readonly Column[], rows: readonly (readonly (string | number)[])[]): string {
  const cells = rows.map((row) => columns.map(({ atMost = 60 }, i) => shorten(oneLine(String(row[i] ?? '')), atMost)));
  const all = [columns.map(({ title }) => title), ...cells];
  const widths = columns.map((_, i) => Math.max(...all.map((row) => widthOf(row[i] ?? ''))));
  const line = (row: readonly string[]): string =>
    columns
      .map(({ align }, i) => pad(row[i] ?? '', { width: widths[i] ?? 0, right: align === 'right' }))
      .join('  ')
      .trimEnd();
  return all.map(line).join('\n');
}

function pad(text: string, { width, right }: { readonly width: number; readonly right: boolean }): string {
  const blanks = ' '.repeat(Math.max(0, width - widthOf(text)));
  return right ? blanks + text : text + blanks;
}

/** `name   value` lines, the values below each other. */
export function renderFacts(facts: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(...facts.map(([name]) => widthOf(name)));
  return facts.map(([name, value]) => `${pad(name, { width, right: false })}  ${value}`.trimEnd()).join('\n');
}
