/** How a text report is laid out. */
export type Layout = {
  /** Cells of a line. */
  readonly width: number;
  /** Cases listed of each kind. */
  readonly cases: number;
  readonly paint: (text: string, ...styles: readonly Style[]) => string;
};
export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow';

const CODES: Readonly<Record<Style, number>> = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 };

/** Puts ANSI colours around a text (ECMA-48 SGR). */
export const withColour = (text: string, ...styles: readonly Style[]): string =>
  `\u001b[${styles.map((style) => CODES[style]).join(';')}m${text}\u001b[0m`;
