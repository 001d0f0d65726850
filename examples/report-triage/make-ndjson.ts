// Writes reports.ndjson, the stream of the example: the reports of reports.csv in time order, without the label.
// With --stats it writes nothing and prints the counts that README.md gives.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseString } from 'fast-csv';

type Row = Record<string, string>;
type Report = {
  id: string;
  reported_at: string;
  reporter: string;
  campaign: string;
  lang: string;
  channel: string;
  text: string;
  label: string;
};

const folder = import.meta.dirname;

async function readCsv(name: string): Promise<Row[]> {
  const rows: Row[] = [];
  const parser = parseString<Row, Row>(readFileSync(join(folder, name), 'utf8'), { headers: true });
  for await (const row of parser as AsyncIterable<Row>) rows.push(row);
  return rows;
}

function toReport(row: Row): Report {
  const field = (name: string): string => {
    const value = row[name];
    if (!value) throw new Error(`reports.csv: a row has no ${name}: ${JSON.stringify(row)}`);
    return value;
  };
  return {
    id: field('id'),
    reported_at: field('reported_at'),
    reporter: field('reporter'),
    campaign: field('campaign'),
    lang: field('lang'),
    channel: field('channel'),
    text: field('text'),
    label: field('label'),
  };
}

function inTimeOrder(reports: Report[]): Report[] {
  return reports.toSorted((a, b) => Date.parse(a.reported_at) - Date.parse(b.reported_at));
}

function withoutLabel({ label: _label, ...fields }: Report): Omit<Report, 'label'> {
  return fields;
}

function count<T>(items: T[], key: (item: T) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(key(item), (counts.get(key(item)) ?? 0) + 1);
  return new Map([...counts].toSorted((a, b) => b[1] - a[1]));
}

function describe(counts: Map<string, number>): string {
  return [...counts].map(([name, n]) => `${name} ${n}`).join(', ');
}

function stats(reports: Report[], hardCases: Row[]): string {
  const ordered = inTimeOrder(reports);
  const campaigns = count(reports, (r) => r.campaign);
  const shared = [...campaigns.values()].filter((n) => n > 1);
  const texts = count(reports, (r) => r.text);
  const reporters = count(reports, (r) => r.reporter);
  return [
    `reports    ${reports.length}, from ${ordered.at(0)?.reported_at} to ${ordered.at(-1)?.reported_at}`,
    `label      ${describe(count(reports, (r) => r.label))}`,
    `language   ${describe(count(reports, (r) => r.lang))}`,
    `both       ${describe(count(reports, (r) => `${r.label}/${r.lang}`))}`,
    `channel    ${describe(count(reports, (r) => r.channel))}`,
    `campaigns  ${shared.length} of 2 to ${Math.max(...shared)} reports (${shared.reduce((a, b) => a + b, 0)} reports), ${campaigns.size - shared.length} reports alone`,
    `reporters  ${reporters.size}, of whom ${[...reporters.values()].filter((n) => n > 1).length} reported more than once`,
    `same text  ${[...texts.values()].filter((n) => n > 1).length} texts occur twice`,
    `hard       ${hardCases.length}: ${describe(count(hardCases, (row) => row['kind'] ?? ''))}`,
  ].join('\n');
}

const reports = (await readCsv('reports.csv')).map(toReport);
if (process.argv.includes('--stats')) {
  process.stdout.write(`${stats(reports, await readCsv('hard-cases.csv'))}\n`);
} else {
  const lines = inTimeOrder(reports).map((report) => `${JSON.stringify(withoutLabel(report))}\n`);
  writeFileSync(join(folder, 'reports.ndjson'), lines.join(''));
  process.stdout.write(`reports.ndjson: ${lines.length} reports\n`);
}
