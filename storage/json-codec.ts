/** JSON as the tables keep it: text. Undefined is kept as null. @throws TypeError for what JSON cannot hold. */
export const encodeJson = (value: unknown): string => JSON.stringify(value) ?? 'null';

/** Reads a JSON column. Some MariaDB drivers hand out JSON columns parsed; then there is nothing left to do. */
export const decodeJson = (stored: unknown): unknown => (typeof stored === 'string' ? JSON.parse(stored) : stored);
