import { ErrorCode, messageOf, RiskflowError } from '../../schemas/core.ts';
import type { Trouble } from '../dialect.ts';

/** Primary result codes, and the extended ones of broken unique keys (https://sqlite.org/rescode.html). */
const BUSY = 5;
const LOCKED = 6;
const READONLY = 8;
const IOERR = 10;
/** A page that the file says it has lies behind its end. */
const SHORT_READ = 522;
const CORRUPT = 11;
const FULL = 13;
const NOT_A_DATABASE = 26;
const DUPLICATES: ReadonlySet<number> = new Set([1555, 2067, 2579]);

function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined;
  return typeof error.errcode === 'number' ? error.errcode : undefined;
}

// The low byte of an extended code is its primary code.
const primary = (error: unknown): number => (resultCode(error) ?? 0) & 0xff;

export const isBusy = (error: unknown): boolean => primary(error) === BUSY || primary(error) === LOCKED;

export function trouble(error: unknown): Trouble {
  if (DUPLICATES.has(resultCode(error) ?? 0)) return 'duplicate';
  return isBusy(error) ? 'busy' : 'other';
}

const ANOTHER = 'or name another data folder with RISKFLOW_DATA';
const FROM_A_COPY = `restore it from a copy, ${ANOTHER}`;

type Told = { readonly code: ErrorCode; readonly message: string; readonly hint: string };

/** What a person can do something about: the file or its disk is at fault, not the statement. */
function toldOf(error: unknown, file: string): Told | undefined {
  switch (resultCode(error) === SHORT_READ ? CORRUPT : primary(error)) {
    case CORRUPT:
      return { code: ErrorCode.invalidFile, message: `the data file ${file} is damaged`, hint: FROM_A_COPY };
    case NOT_A_DATABASE:
      return {
        code: ErrorCode.invalidFile,
        message: `${file} is not a data file of Riskflow, or its beginning is damaged`,
        hint: FROM_A_COPY,
      };
    case READONLY:
      return {
        code: ErrorCode.usage,
        message: `the data file ${file} cannot be written to`,
        hint: `let this user write to it and to its folder, ${ANOTHER}`,
      };
    case FULL:
      return { code: ErrorCode.failed, message: `the disk of the data file ${file} is full`, hint: `make room on it, ${ANOTHER}` };
    case IOERR:
      return {
        code: ErrorCode.failed,
        message: `the disk failed while the data file ${file} was read or written: ${messageOf(error)}`,
        hint: `see whether the disk is there and sound, ${ANOTHER}`,
      };
    default:
      return undefined;
  }
}

/** The error with a sentence of its own when the data file or its disk is at fault; any other as it is. */
export function explained(error: unknown, file: string): unknown {
  const told = toldOf(error, file);
  return told === undefined ? error : new RiskflowError(told.code, told.message, { hint: told.hint, cause: error });
}
