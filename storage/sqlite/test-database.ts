import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SchemaPlace } from '../contract/backend.ts';
import { openSqliteDatabase } from './open.ts';

/** An SQLite file of a test's own, without tables. */
export async function sqlitePlace(): Promise<SchemaPlace> {
  const folder = mkdtempSync(join(tmpdir(), 'riskflow-database-'));
  const { database } = await openSqliteDatabase({ folder });
  return { database, remove: async () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }) };
}
