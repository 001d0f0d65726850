/** A table as Dify prints one: the first row is the head, and `rules` are drawn below its cells. Ends with a line break. */
export function markdownTable(rows: readonly (readonly string[])[], rules: readonly string[]): string {
  const [head = [], ...body] = rows;
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`;
  return [line(head), line(rules), ...body.map(line)].join('');
}

/** Cells of tables in text documents may hold line breaks. */
export const wordTable = (rows: readonly (readonly string[])[]): string =>
  markdownTable(
    rows.map((cells) => cells.map((cell) => cell.replaceAll('\n', '<br>'))),
    (rows[0] ?? []).map(() => '---'),
  );
