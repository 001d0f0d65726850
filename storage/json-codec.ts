import { RiskflowError } from '../schemas/core.ts';

/** JSON as the tables keep it: text. Undefined is kept as null. @throws TypeError for what JSON cannot hold. */
export const encodeJson = (value: unknown): string => JSON.stringify(value) ?? 'null';

/**
 * Reads a JSON column. Some MariaDB drivers hand out JSON columns parsed; then there is nothing left to do.
 * @throws RiskflowError `invalid_file` for what was not written here: the row is damaged
 */
export function decodeJson(stored: unknown): unknown {
  if (typeof stored !== 'string') return stored;
  try {
    return JSON.parse(stored) as unknown;
  } catch (cause) {
    throw new RiskflowError('invalid_file', 'the data is damaged: a row of it is no longer the JSON that was written', {
      cause,
      hint: 'restore it from a copy',
    });
  }
}
