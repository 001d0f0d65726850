import { RiskflowError, type ConnectorOf } from '../../schemas/index.ts';
import { literalOf, type ColumnKind } from './columns.ts';

export type QuerySettings = Pick<ConnectorOf<'mysql'>, 'query' | 'watermark' | 'key' | 'settleSeconds'>;

/** The watermark and key of the last row that was read, as `keptCell` keeps them. `key` is null without a key column. */
export type Position = { readonly watermark: string; readonly key: string | null };
/** What the watermark and the key column are; `key` is null without one. */
export type PositionKinds = { readonly watermark: ColumnKind; readonly key: ColumnKind | null };

export const encodePosition = ({ watermark, key }: Position): string => JSON.stringify({ watermark, key });

/** @throws RiskflowError `usage` for what is no position of this connector. */
export function decodePosition(text: string): Position {
  const stored = parsed(text);
  if (typeof stored === 'object' && stored !== null && 'watermark' in stored && typeof stored.watermark === 'string') {
    const key = 'key' in stored ? stored.key : null;
    if (key === null || typeof key === 'string') return { watermark: stored.watermark, key };
  }
  throw new RiskflowError(
    'usage',
    `${text.slice(0, 100)} is no position of a query: it is written {"watermark": TEXT, "key": TEXT or null}`,
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}

const quoteName = (name: string): string => `\`${name.replaceAll('`', '``')}\``;

/** A blank line keeps a comment at the end of the query from swallowing what comes behind it. */
const derived = (query: string): string => `(\n${query.trim().replace(/;$/, '')}\n) AS riskflow_source`;

/** Gives no row, but the columns; fails where the watermark or the key is none of them. */
export const columnsQuery = ({ query, watermark, key }: QuerySettings): string =>
  `SELECT ${[watermark, ...(key === undefined ? [] : [key])].map(quoteName).join(', ')} FROM ${derived(query)} LIMIT 0`;

type From = { readonly position: Position | null; readonly kinds: PositionKinds };

/**
 * The next rows behind a position in the order of watermark and key. Rows without a watermark come first, always, so that they are noticed.
 */
export const pageQuery = (settings: QuerySettings, from: From & { readonly limit: number }): string =>
  `SELECT * FROM ${derived(settings.query)} WHERE ${condition(settings, from)} ORDER BY ${orderOf(settings)} LIMIT ${from.limit}`;

/** How many rows lie behind a position, counted up to `most`. */
export const countQuery = (settings: QuerySettings, from: From & { readonly most: number }): string =>
  `SELECT COUNT(*) FROM (SELECT 1 FROM ${derived(settings.query)} WHERE ${condition(settings, from)} LIMIT ${from.most}) AS riskflow_count`;

const orderOf = ({ watermark, key }: QuerySettings): string => [watermark, ...(key === undefined ? [] : [key])].map(quoteName).join(', ');

function condition(settings: QuerySettings, { position, kinds }: From): string {
  const watermark = quoteName(settings.watermark);
  const parts: string[] = [];
  if (position !== null) parts.push(behind(settings, position, kinds));
  if (settings.settleSeconds > 0) parts.push(`${watermark} <= UTC_TIMESTAMP(6) - INTERVAL ${settings.settleSeconds} SECOND`);
  return parts.length === 0 ? 'TRUE' : `${watermark} IS NULL OR (${parts.join(' AND ')})`;
}

function behind(settings: QuerySettings, position: Position, kinds: PositionKinds): string {
  const watermark = quoteName(settings.watermark);
  const last = literalOf(kinds.watermark, position.watermark);
  if (settings.key === undefined || kinds.key === null) return `${watermark} > ${last}`;
  const key = quoteName(settings.key);
  // A position that was stored before a key was named has read all rows of its watermark.
  if (position.key === null) return `${watermark} > ${last}`;
  return `${watermark} >= ${last} AND (${watermark} > ${last} OR ${key} IS NULL OR ${key} > ${literalOf(kinds.key, position.key)})`;
}
