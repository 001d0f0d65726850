import { hash } from 'node:crypto';

/** Hex digits of the hash that decide: 48 bits. */
const DIGITS = 12;

/**
 * Whether a record is among the share that is taken: SHA-256 of "sampling", a line end and its name (the business key, else the record's
 * id), its first 48 bits as a fraction, is below the rate. The same records each time, and those of a smaller rate are among those of a larger one.
 */
export const isSampled = (name: string, rate: number): boolean =>
  rate >= 1 || Number.parseInt(hash('sha256', `sampling\n${name}`).slice(0, DIGITS), 16) < rate * 16 ** DIGITS;
