import { describe, expect, it } from 'vitest';
import { exitCodeOf, RiskflowError } from '../../schemas/core.ts';
import { explained } from './errors.ts';

const sqliteError = (errcode: number, message: string): Error => Object.assign(new Error(message), { code: 'ERR_SQLITE_ERROR', errcode });

describe('what SQLite says of its file', () => {
  it.each([
    ['SQLITE_CORRUPT', 11, 'invalid_file', 2, 'the data file /d/f is damaged'],
    ['SQLITE_CORRUPT_INDEX', 779, 'invalid_file', 2, 'the data file /d/f is damaged'],
    ['SQLITE_NOTADB', 26, 'invalid_file', 2, '/d/f is not a data file of Riskflow, or its beginning is damaged'],
    ['SQLITE_READONLY_DBMOVED', 1032, 'usage', 2, 'the data file /d/f cannot be written to'],
    ['SQLITE_FULL', 13, 'failed', 1, 'the disk of the data file /d/f is full'],
    ['SQLITE_IOERR_SHORT_READ', 522, 'invalid_file', 2, 'the data file /d/f is damaged'],
    ['SQLITE_IOERR_READ', 266, 'failed', 1, 'the disk failed while the data file /d/f was read or written: what SQLite says'],
  ] as const)('%s is told as a sentence', (_name, errcode, code, exitCode, message) => {
    const cause = sqliteError(errcode, 'what SQLite says');
    const error = explained(cause, '/d/f');
    expect(error).toBeInstanceOf(RiskflowError);
    expect(error).toMatchObject({ code, message, cause, hint: expect.stringContaining('RISKFLOW_DATA') });
    expect(exitCodeOf(error as RiskflowError)).toBe(exitCode);
  });

  it.each([sqliteError(1, 'no such column: x'), sqliteError(5, 'database is locked'), new TypeError('x')])('%s stays as it is', (error) => {
    expect(explained(error, '/d/f')).toBe(error);
  });
});
