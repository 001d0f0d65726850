import { randomBytes } from 'node:crypto';
import { createConnection } from 'mysql2/promise';

/** A database of a test's own on a MySQL server. */
export type OwnDatabase = { readonly name: string; readonly url: string; drop(): Promise<void> };

/** Makes an empty database with a random name on the server that the URL names. */
export async function makeDatabase(serverUrl: string): Promise<OwnDatabase> {
  const name = `riskflow_test_${randomBytes(6).toString('hex')}`;
  const url = new URL(serverUrl);
  url.pathname = '/';
  const ask = async (statement: string): Promise<void> => {
    const connection = await createConnection(url.href);
    try {
      await connection.query(statement);
    } finally {
      await connection.end();
    }
  };
  await ask(`create database ${name}`);
  const own = new URL(url);
  own.pathname = `/${name}`;
  return { name, url: own.href, drop: () => ask(`drop database ${name}`) };
}

/** What a stack test needs to know of the servers it was given. */
export function stackServers(): { readonly mysql: string; readonly temporal: string; readonly missing: boolean; readonly reason: string } {
  const mysql = process.env['RISKFLOW_TEST_MYSQL_URL'] ?? '';
  const temporal = process.env['RISKFLOW_TEST_TEMPORAL_ADDRESS'] ?? '';
  const missing = mysql === '' || temporal === '';
  return {
    mysql,
    temporal,
    missing,
    reason: missing ? ' (left out: RISKFLOW_TEST_MYSQL_URL or RISKFLOW_TEST_TEMPORAL_ADDRESS is not set)' : '',
  };
}
