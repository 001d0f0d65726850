export type Figure = { readonly what: string; readonly measured: string; readonly budget: string; readonly holds: boolean | null };

/** A table of figures beside their budgets, on standard output. */
export function printFigures(title: string, figures: readonly Figure[]): void {
  const head = ['what', 'measured', 'budget', ''];
  const rows = figures.map((figure) => [
    figure.what,
    figure.measured,
    figure.budget,
    figure.holds === null ? '' : figure.holds ? 'holds' : 'MISSED',
  ]);
  const widths = head.map((cell, i) => Math.max(cell.length, ...rows.map((row) => (row[i] ?? '').length)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd();
  process.stdout.write(`${title}\n\n${[line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n')}\n`);
}
