import { randomBytes } from 'node:crypto';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import type { Place } from '../contract/backend.ts';
import { openMysqlStorage } from './open.ts';

/** Servers that tests may use, with the reason why one is left out in its name. */
export const testServers: readonly { readonly name: string; readonly url: string | undefined; readonly reason: string }[] = [
  { name: 'MySQL', variable: 'RISKFLOW_TEST_MYSQL_URL' },
  { name: 'MariaDB', variable: 'RISKFLOW_TEST_MARIADB_URL' },
].map(({ name, variable }) => {
  const url = process.env[variable];
  return { name, url, reason: url === undefined ? ` (left out: ${variable} is not set)` : '' };
});

/** A database of its own on a server, dropped afterwards. */
export async function mysqlPlace(server: string | undefined): Promise<Place & { readonly url: string }> {
  if (server === undefined) throw new Error('the address of the server is not set');
  const name = `riskflow_test_${randomBytes(6).toString('hex')}`;
  const url = new URL(server);
  url.pathname = '/';
  const admin = await createConnection(url.href);
  await admin.query(`create database ${name}`);
  await admin.query(`use ${name}`);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    address: { url: url.href },
    open: (options = {}) => openMysqlStorage({ url: url.href, ...options }),
    query: async (text, parameters = []) => {
      const [rows] = await admin.query<RowDataPacket[]>(text, [...parameters]);
      return Array.isArray(rows) ? rows.map((row) => ({ ...row })) : [];
    },
    complaints: async () => {
      const [rows] = await admin.query<RowDataPacket[]>('check table events, streams, counters, claims, run_status');
      return rows.map((row) => JSON.stringify(row)).filter((text) => !text.includes('"Msg_text":"OK"'));
    },
    remove: async () => {
      await admin.query(`drop database ${name}`);
      await admin.end();
    },
  };
}
