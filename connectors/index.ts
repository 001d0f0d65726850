export type { Row, Table } from './files/row.ts';
export { readCsv } from './files/read-csv.ts';
export { readJsonl } from './files/read-jsonl.ts';
export { readNdjson, type NdjsonLine } from './files/read-ndjson.ts';
export { recordIdOf } from './record-id.ts';
