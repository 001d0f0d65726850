import { describe } from 'vitest';
import { backupContract } from '../contract/backup.contract.ts';
import { sqlitePlace } from './test-database.ts';

describe('backup and restore', () => {
  backupContract('SQLite into SQLite', { create: sqlitePlace }, { create: sqlitePlace });
});
