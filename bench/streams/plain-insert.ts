import { createConnection } from 'mysql2/promise';

const BATCH = 500;

/** Rows a second that MySQL takes in batches of 500 into a table with nothing but a key, each batch a transaction. */
export async function insertPlainly(url: string, count: number): Promise<number> {
  const connection = await createConnection(url);
  await connection.query(
    'create table plain_rows (id bigint auto_increment primary key, record_key varchar(100) not null, body longtext not null)',
  );
  const body = JSON.stringify({ id: 'r-1', account: 'acct-1', category: 'spam', reporter: 'u-1', text: 'x'.repeat(190), score: 1.5 });
  const began = performance.now();
  for (let at = 0; at < count; at += BATCH) {
    const rows = Array.from({ length: Math.min(BATCH, count - at) }, (_, k) => [`r-${at + k}`, body]);
    await connection.query('insert into plain_rows (record_key, body) values ?', [rows]);
  }
  const seconds = (performance.now() - began) / 1000;
  await connection.end();
  return count / seconds;
}
