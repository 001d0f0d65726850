export type { Row, Table } from './files/row.ts';
export { readCsv } from './files/read-csv.ts';
export { readJsonl } from './files/read-jsonl.ts';
export { readLines, type FileLine } from './files/read-lines.ts';
