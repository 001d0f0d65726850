import { randomBytes } from 'node:crypto';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { describe } from 'vitest';
import type { Backend, Place } from '../contract/backend.ts';
import { storageContract } from '../storage.contract.ts';
import { openMysqlStorage } from './open.ts';

const server = process.env['RISKFLOW_TEST_MYSQL_URL'];

/** A database of its own on the server, dropped afterwards. */
async function createPlace(): Promise<Place> {
  if (server === undefined) throw new Error('RISKFLOW_TEST_MYSQL_URL is not set');
  const name = `riskflow_test_${randomBytes(6).toString('hex')}`;
  const url = new URL(server);
  url.pathname = '/';
  const admin = await createConnection(url.href);
  await admin.query(`create database ${name}`);
  await admin.query(`use ${name}`);
  url.pathname = `/${name}`;
  return {
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

const backend: Backend = { name: 'MySQL', create: createPlace, propertyRuns: 15 };

const reason = server === undefined ? ' (left out: RISKFLOW_TEST_MYSQL_URL is not set)' : '';
describe.skipIf(server === undefined)(`storage on ${backend.name}${reason}`, { timeout: 60_000 }, () => {
  storageContract(backend);
});
