import type { Trouble } from '../dialect.ts';

/** Server error numbers (https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html; 1020 is MariaDB's snapshot conflict). */
const DUPLICATE_KEY = 1062;
const DEADLOCK = 1213;
const LOCK_WAIT_TIMEOUT = 1205;
const ROW_CHANGED = 1020;

function errorNumber(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errno' in error)) return undefined;
  return typeof error.errno === 'number' ? error.errno : undefined;
}

export function trouble(error: unknown): Trouble {
  switch (errorNumber(error)) {
    case DUPLICATE_KEY:
      return 'duplicate';
    case DEADLOCK:
    case ROW_CHANGED:
      return 'conflict';
    case LOCK_WAIT_TIMEOUT:
      return 'busy';
    default:
      return 'other';
  }
}
