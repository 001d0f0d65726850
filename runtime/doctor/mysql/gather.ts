import type { Connection, RowDataPacket } from 'mysql2/promise';
import { mysqlAddress } from '../../../storage/index.ts';
import type { StoragePlace } from '../../storage-place.ts';
import type { MysqlFacts } from './judge.ts';

type MysqlPlace = Extract<StoragePlace, { readonly kind: 'mysql' }>;

const VARIABLES: readonly string[] = [
  'innodb_flush_log_at_trx_commit',
  'sync_binlog',
  'log_bin',
  'max_allowed_packet',
  'character_set_database',
  'max_connections',
  'read_only',
  'super_read_only',
  'innodb_read_only',
];
const COLLATIONS: readonly string[] = ['utf8mb4_0900_bin', 'utf8mb4_nopad_bin'];
const ROUND_TRIPS = 5;

/** Asks a server about itself over one connection. Nothing is changed. @throws whatever the driver has to say */
export async function gatherMysql(place: MysqlPlace, timeoutMs: number): Promise<MysqlFacts> {
  const { createConnection } = await import('mysql2/promise');
  const connection = await createConnection({ ...mysqlAddress(place), connectTimeout: timeoutMs });
  // Said to whoever asks next; without a listener it would end the program.
  connection.on('error', () => undefined);
  try {
    return await factsOver(connection);
  } finally {
    connection.destroy();
  }
}

async function factsOver(connection: Connection): Promise<MysqlFacts> {
  const [about] = await rows(connection, 'select version() as version, current_user() as account, database() as name');
  const variables = await rows(connection, 'show variables where variable_name in (?)', [VARIABLES]);
  const status = await rows(connection, "show status where variable_name in ('Ssl_cipher', 'Threads_connected')");
  const statusOf = (name: string): string => String(status.find((row) => row['Variable_name'] === name)?.['Value'] ?? '');
  const collations = await rows(
    connection,
    'select collation_name as name from information_schema.collations where collation_name in (?)',
    [COLLATIONS],
  );
  return {
    version: String(about?.['version']),
    user: String(about?.['account']),
    database: String(about?.['name']),
    variables: Object.fromEntries(variables.map((row) => [String(row['Variable_name']), String(row['Value'])])),
    grants: (await rows(connection, 'show grants')).map((row) => String(Object.values(row)[0])),
    collations: collations.map((row) => String(row['name'])),
    encrypted: statusOf('Ssl_cipher') !== '',
    connected: Number(statusOf('Threads_connected')),
    schemaLevel: await schemaLevel(connection),
    ...(await timesOf(connection)),
  };
}

async function rows(connection: Connection, sql: string, values: readonly unknown[] = []): Promise<readonly RowDataPacket[]> {
  const [found] = await connection.query<RowDataPacket[]>(sql, [...values]);
  return found;
}

async function schemaLevel(connection: Connection): Promise<number> {
  const tables = await rows(
    connection,
    "select table_name as name from information_schema.tables where table_schema = database() and table_name in ('migrations', 'schema_state')",
  );
  const names = tables.map((row) => String(row['name']));
  if (!names.includes('migrations') || (await rows(connection, 'select name from migrations limit 1')).length === 0) return 0;
  const [state] = names.includes('schema_state') ? await rows(connection, 'select level from schema_state where id = 1') : [];
  return state === undefined ? 1 : Number(state['level']);
}

async function timesOf(connection: Connection): Promise<Pick<MysqlFacts, 'roundTripMs' | 'clockAheadMs'>> {
  const trips: { readonly ms: number; readonly aheadMs: number }[] = [];
  for (let i = 0; i < ROUND_TRIPS; i++) {
    const [started, clock] = [performance.now(), Date.now()];
    const [row] = await rows(connection, 'select unix_timestamp(sysdate(6)) as seconds');
    const ms = performance.now() - started;
    trips.push({ ms, aheadMs: Number(row?.['seconds']) * 1000 - (clock + ms / 2) });
  }
  trips.sort((a, b) => a.ms - b.ms);
  // The quickest tells the clock best.
  return { roundTripMs: trips[Math.floor(ROUND_TRIPS / 2)]?.ms ?? 0, clockAheadMs: trips[0]?.aheadMs ?? 0 };
}
