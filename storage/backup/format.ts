import { z } from 'zod';
import { RiskflowError } from '../../schemas/core.ts';
import { primaryTables } from '../tables/primary-tables.ts';
import type { SqlValue, TableSpec } from '../tables/table-spec.ts';

/**
 * A backup is gzip over lines of JSON: a header; for each table a line with its columns and then a line for each row; a trailer with the
 * number of rows and the SHA-256 of every byte before it. It holds what cannot be derived, whatever the database it came from.
 */
export const FORMAT = 1;

const counts = z.record(z.string(), z.int().nonnegative());

export const headerSchema = z.object({
  riskflow: z.literal('backup'),
  format: z.int(),
  /** Level of the tables it was made from. */
  level: z.int(),
  createdAt: z.string(),
  workspaces: z.array(z.string()),
  rows: counts,
});
export type Header = z.output<typeof headerSchema>;

const projectionHash = z.object({ workspaceId: z.string(), name: z.string(), rows: z.int(), hash: z.string() });

export const trailerSchema = z.object({
  end: z.literal(true),
  rows: counts,
  /** Of the rows of every projection when it was made, where they were up to date. */
  projections: z.array(projectionHash),
  sha256: z.string().length(64),
});
export type Trailer = z.output<typeof trailerSchema>;
export type ProjectionHash = z.output<typeof projectionHash>;

export const tableLineSchema = z.object({ table: z.string(), columns: z.array(z.string()) });

/** Begins the trailer and no other line. */
export const TRAILER_START = '{"end":';

/** What is backed up: all primary tables but the checkpoints of projections, which are made again. */
export const backedUpTables: readonly TableSpec[] = primaryTables.filter(({ name }) => name !== 'projection_checkpoints');

/** One value of a row, as JSON holds it. */
export const encodeValue = (value: unknown): unknown =>
  value instanceof Uint8Array
    ? { bytes: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64') }
    : typeof value === 'bigint'
      ? String(value)
      : value;

export function decodeValue(value: unknown): SqlValue {
  if (value === null || typeof value === 'string' || typeof value === 'number') return value;
  if (typeof value === 'object' && 'bytes' in value && typeof value.bytes === 'string') return Buffer.from(value.bytes, 'base64');
  throw damaged('it has a value that no backup has');
}

export const damaged = (why: string, cause?: unknown): RiskflowError =>
  new RiskflowError('invalid_file', `the backup is damaged or incomplete: ${why}`, {
    hint: 'nothing was changed; use another copy of it',
    ...(cause === undefined ? {} : { cause }),
  });
