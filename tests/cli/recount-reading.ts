import type { recount } from './recount.ts';

/** Reads what the recount is compared with: the labelled file, and the numbers in the report, which is printed for people. */

/** The rows of a CSV file with a header line by column name (RFC 4180: quoted fields may hold commas, line ends and doubled quotes). */
export function csvRows(text: string): readonly Readonly<Record<string, string>>[] {
  const records: string[][] = [[]];
  for (const [, quoted, plain = '', end = ''] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/g)) {
    records.at(-1)?.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end !== ',') records.push([]);
  }
  const [header = [], ...rows] = records.filter((record) => record.length > 1);
  return rows.map((row) => Object.fromEntries(header.map((name, i) => [name, row[i] ?? ''])));
}

/** The cells of a table as texts, row by row; notes in small letters are set off by " | ". */
export type Table = readonly (readonly string[])[];

/** The table whose scrolling region has this name. @throws Error when there is none */
export function tableOf(html: string, name: string): Table {
  const from = html.indexOf(`aria-label="${name}"`);
  if (from === -1) throw new Error(`the report has no table "${name}"`);
  const table = html.slice(from, html.indexOf('</table>', from));
  return table
    .split('<tr')
    .slice(1)
    .map((row) => [...row.matchAll(/<t[hd][^>]*>(.*?)<\/t[hd]>/gs)].map(([, cell = '']) => textOf(cell)));
}

/** The terms of a section's list and what they are explained by; the verdict's card is the section "Verdict". */
export function pairsOf(html: string, section: string): ReadonlyMap<string, string> {
  const from = section === 'Verdict' ? html.indexOf('aria-label="Verdict"') : html.indexOf(`<section id="${section}"`);
  if (from === -1) throw new Error(`the report has no section "${section}"`);
  const list = html.slice(from, html.indexOf('</dl>', from));
  return new Map([...list.matchAll(/<dt>(.*?)<\/dt>\s*<dd>(.*?)<\/dd>/gs)].map(([, term = '', text = '']) => [textOf(term), textOf(text)]));
}

const ENTITIES: Readonly<Record<string, string>> = { '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'", '&amp;': '&' };

const textOf = (markup: string): string =>
  markup
    .replaceAll('<small>', ' | ')
    .replace(/<[^>]*>/g, '')
    .replace(/&(lt|gt|quot|#39|amp);/g, (entity) => ENTITIES[entity] ?? entity)
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/^\| /, '');

/** Every number in a text, with its true minus sign, without commas between thousands. */
export const numbersIn = (text: string): readonly number[] =>
  [...text.replace(/(\d),(?=\d{3})/g, '$1').matchAll(/[−-]?\d+(\.\d+)?/g)].map(([number]) => Number(number.replace('−', '-')));

/** The numbers of each row of the table of metrics; those of a label have its name before theirs. */
export function metricsOf(html: string): ReadonlyMap<string, readonly number[]> {
  let group = '';
  const [, ...rows] = tableOf(html, 'Metrics');
  const numbers = rows.flatMap(([title = '', ...cells]) => {
    if (cells.length > 0) return [[`${group}${title}`, cells.flatMap(numbersIn)] as const];
    group = `${title.split(' | ')[0] ?? ''} `;
    return [];
  });
  return new Map(numbers);
}

/** A share as the report prints it. */
export const inPercent = (share: number): number => Number((100 * share).toFixed(1)) + 0;

type Counted = ReturnType<typeof recount>;
type Limits = { readonly low: number; readonly high: number } | null;

/** The rows that the report's table of metrics has to have: in percent with one decimal, A before B. */
export function metricRows({ variants, labels }: Counted): ReadonlyMap<string, readonly number[]> {
  const share = (value: number | null, limits: Limits): readonly number[] =>
    value === null ? [] : [value, ...(limits === null ? [] : [limits.low, limits.high])].map(inPercent);
  const row = (name: string, cell: (variant: Counted['variants']['A']) => readonly number[]) =>
    [name, [...cell(variants.A), ...cell(variants.B)]] as const;
  const scores = Object.keys(labels).flatMap((label) => [
    row(`${label} precision`, ({ classes }) => share(classes[label]?.precision ?? null, classes[label]?.precisionInterval ?? null)),
    row(`${label} recall`, ({ classes }) => share(classes[label]?.recall ?? null, classes[label]?.recallInterval ?? null)),
    row(`${label} F1`, ({ classes }) => share(classes[label]?.f1 ?? null, classes[label]?.f1Interval ?? null)),
  ]);
  return new Map([
    row('accuracy', ({ accuracy, accuracyInterval }) => share(accuracy, accuracyInterval)),
    row('right', ({ correct, n }) => [correct, n]),
    row('errors', ({ errors }) => [errors]),
    row('macro F1', ({ macroF1, macroF1Interval }) => share(macroF1, macroF1Interval)),
    ...scores,
  ]);
}
