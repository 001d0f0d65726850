/** Numbers for sentences, reports and terminals: the same everywhere, whatever the reader's locale. */

const MINUS = '−';

/** A fixed number of decimals, with a true minus sign and no "−0.0". */
export function fixed(value: number, decimals: number): string {
  const text = Math.abs(value).toFixed(decimals);
  return value < 0 && Number(text) !== 0 ? MINUS + text : text;
}

/** A share as a percentage: 0.9731 → "97.3 %". */
export const percent = (share: number, decimals = 1): string => `${fixed(share * 100, decimals)} %`;

/** A difference of shares in percentage points, without the word: 0.012 → "1.2". Whole numbers have no decimals. */
export function points(difference: number, decimals = 1): string {
  const text = fixed(difference * 100, decimals);
  return decimals > 0 && Number.isInteger(Number(text.replace(MINUS, '-'))) && isWhole(difference * 100)
    ? text.slice(0, -1 - decimals)
    : text;
}

const isWhole = (x: number): boolean => Math.abs(x - Math.round(x)) < 1e-9;

/** The same with a sign also when positive. */
export const signedPoints = (difference: number, decimals = 1): string => {
  const text = fixed(difference * 100, decimals);
  return Number(text.replace(MINUS, '-')) > 0 ? `+${text}` : text;
};

/** "1 point", "1.2 points", "−1 point". */
export function pointsWithUnit(difference: number, decimals = 1): string {
  const text = points(difference, decimals);
  return `${text} ${text === '1' || text === `${MINUS}1` ? 'point' : 'points'}`;
}

/** 12345 → "12,345". */
export const grouped = (n: number): string => fixed(n, 0).replace(/\B(?=(\d{3})+(?!\d))/g, ',');

/** "1 sample", "2 samples". */
export const counted = (n: number, one: string, many = `${one}s`): string => `${grouped(n)} ${n === 1 ? one : many}`;

/** A p-value: three digits, "< 0.0001" below that. */
export const pValue = (p: number): string => (p < 0.0001 ? '< 0.0001' : p >= 0.9995 ? '1' : p < 0.001 ? p.toFixed(4) : p.toFixed(3));

/** Milliseconds as "0 ms", "850 ms", "12.3 s", "4 min 5 s". */
export function duration(ms: number): string {
  if (ms < 1) return `${ms === 0 ? '0' : ms.toFixed(1)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** US dollars with as many digits as small sums need. */
export const dollars = (usd: number): string =>
  usd === 0 ? '$0' : usd < 0.01 ? `$${usd.toPrecision(2)}` : `$${usd.toFixed(usd < 1 ? 3 : 2)}`;
