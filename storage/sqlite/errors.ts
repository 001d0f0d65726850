import type { Trouble } from '../dialect.ts';

/** Primary result codes, and the extended ones of broken unique keys (https://sqlite.org/rescode.html). */
const BUSY = 5;
const LOCKED = 6;
const NOT_A_DATABASE = 26;
const CORRUPT = 11;
const DUPLICATES: ReadonlySet<number> = new Set([1555, 2067, 2579]);

function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined;
  return typeof error.errcode === 'number' ? error.errcode : undefined;
}

// The low byte of an extended code is its primary code.
const primary = (error: unknown): number => (resultCode(error) ?? 0) & 0xff;

export const isBusy = (error: unknown): boolean => primary(error) === BUSY || primary(error) === LOCKED;
export const isNotADatabase = (error: unknown): boolean => primary(error) === NOT_A_DATABASE || primary(error) === CORRUPT;

export function trouble(error: unknown): Trouble {
  if (DUPLICATES.has(resultCode(error) ?? 0)) return 'duplicate';
  return isBusy(error) ? 'busy' : 'other';
}
