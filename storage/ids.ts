import { RiskflowError } from '../schemas/core.ts';

/**
 * Checks a name before it becomes part of a key, so that both databases refuse the same: SQLite would take any length, MySQL
 * would fail in the middle of a transaction that others share.
 * @throws RiskflowError `invalid_input`
 */
export function checkId(what: string, value: string, limit: number): string {
  if (value.length > limit) {
    throw new RiskflowError(
      'invalid_input',
      `${what} is ${value.length} characters long; at most ${limit} are possible: ${value.slice(0, 40)}…`,
    );
  }
  // A lone surrogate would be stored as another character, and two names as one.
  if (!value.isWellFormed()) throw new RiskflowError('invalid_input', `${what} holds half a character (a lone surrogate)`);
  return value;
}
