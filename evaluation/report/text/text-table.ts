import { cellWidth, cutToCells, padToCells } from './cell-width.ts';

export type TextTable = { readonly head: readonly string[]; readonly rows: readonly (readonly string[])[] };

const GAP = '  ';

/** Lines of a table: first column left, others right, all as wide as their widest cell but at most `widest`. */
export function tableLines({ head, rows }: TextTable, widest = 32): readonly string[] {
  const all = [head, ...rows].map((row) => row.map((cell) => cutToCells(cell, widest)));
  const widths = head.map((_, column) => Math.max(...all.map((row) => cellWidth(row[column] ?? ''))));
  return all.map((row) =>
    widths
      .map((width, column) => padToCells(row[column] ?? '', width, column === 0 ? 'left' : 'right'))
      .join(GAP)
      .trimEnd(),
  );
}

/** Blocks of lines beside each other as long as they fit into `width`, else below. */
export function besideEachOther(blocks: readonly (readonly string[])[], width: number): readonly string[] {
  const lines: string[] = [];
  let row: (readonly string[])[] = [];
  const widthOf = (block: readonly string[]): number => Math.max(0, ...block.map(cellWidth));
  const rowWidth = (): number => row.reduce((sum, block) => sum + widthOf(block) + 4, 0);
  const flush = (): void => {
    const height = Math.max(0, ...row.map((block) => block.length));
    if (lines.length > 0 && height > 0) lines.push('');
    for (let i = 0; i < height; i++) {
      lines.push(
        row
          .map((block) => padToCells(block[i] ?? '', widthOf(block)))
          .join('    ')
          .trimEnd(),
      );
    }
    row = [];
  };
  for (const block of blocks) {
    if (row.length > 0 && rowWidth() + widthOf(block) > width) flush();
    row.push(block);
  }
  flush();
  return lines;
}
