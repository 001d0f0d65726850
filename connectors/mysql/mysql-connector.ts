import type { ConnectorHost, ConnectorOf, ReadingPlace, SourceConnector } from '../../schemas/index.ts';
import { beginAt, deliverItems, ONLY_PARTITION, ONLY_TASK, pause, runTask } from '../delivery.ts';
import { MysqlTrouble } from './mysql-trouble.ts';
import { countQuery, decodePosition } from './page-query.ts';
import { kindsOf, rowsBehind } from './query-rows.ts';
import { openSession, type MysqlSecrets, type Session } from './session.ts';

export type MysqlConnectorDeps = {
  readonly secrets: MysqlSecrets;
  /** Milliseconds that a statement may take. @default 60000 */
  readonly statementMs?: number;
  /** Milliseconds before a server that is away is tried again, doubled each time up to 30 seconds. @default 500 */
  readonly retryMs?: number;
};

type Settings = ConnectorOf<'mysql'>;

const PARTITION = { topic: 'query', partition: ONLY_PARTITION };
const STATEMENT_MS = 60_000;
const RETRY_MS = 500;
const LONGEST_RETRY_MS = 30_000;
/** `ends` counts no further. */
const MOST_COUNTED = 100_000;

/**
 * Reads the rows of a query in the order of its watermark and key, on from the last one that was read; places count rows, and the position
 * holds watermark and key. A row whose watermark rises is read again, as another record: with a business key it is known for the same report.
 *
 * A server that is away is waited for. Wrong passwords, queries and columns, rows without a watermark, and watermarks that are not unique without a key are
 * errors. `ends` tells how far it reaches once it was read, at most 100,000 rows on.
 */
export function createMysqlConnector(settings: Settings, deps: MysqlConnectorDeps): SourceConnector {
  const { secrets, statementMs = STATEMENT_MS, retryMs = RETRY_MS } = deps;
  const open = new Set<Session>();
  const state: { place: ReadingPlace | undefined } = { place: undefined };
  const connect = async (): Promise<Session> => {
    const session = await openSession(settings, { secrets, statementMs });
    open.add(session);
    return session;
  };
  const disconnect = (session: Session | undefined): void => {
    if (session === undefined) return;
    open.delete(session);
    session.close();
  };
  return {
    run: (host) =>
      runTask(host, () => runQuery(host, { settings, connect, disconnect, retryMs, onPlace: (place) => (state.place = place) })),
    async ends() {
      const { place } = state;
      if (place === undefined) return [{ ...PARTITION, low: null, end: null }];
      const session = await connect();
      try {
        const kinds = await kindsOf(session, settings);
        const position = place.position === null ? null : decodePosition(place.position);
        const { rows } = await session.ask(countQuery(settings, { position, kinds, most: MOST_COUNTED }));
        return [{ ...PARTITION, low: null, end: place.offset + Number(Buffer.from(rows[0]?.[0] ?? []).toString()) }];
      } finally {
        disconnect(session);
      }
    },
    close() {
      for (const session of open) disconnect(session);
      return Promise.resolve();
    },
  };
}

type Work = {
  readonly settings: Settings;
  readonly connect: () => Promise<Session>;
  readonly disconnect: (session: Session | undefined) => void;
  readonly retryMs: number;
  readonly onPlace: (place: ReadingPlace) => void;
};

async function runQuery(host: ConnectorHost, { settings, connect, disconnect, retryMs, onPlace }: Work): Promise<void> {
  const bounds = { low: null, end: null };
  let place = await beginAt(host, PARTITION, bounds);
  let session: Session | undefined;
  let wait = retryMs;
  const stored = (now: ReadingPlace): void => {
    place = now;
    onPlace(now);
  };
  const drop = (): void => {
    disconnect(session);
    session = undefined;
  };
  host.signal.addEventListener('abort', drop, { once: true });
  try {
    onPlace(place);
    while (!host.signal.aborted) {
      try {
        session ??= await connect();
        const kinds = await kindsOf(session, settings);
        if (wait > retryMs) host.report({ task: ONLY_TASK, state: 'running', trace: null });
        wait = retryMs;
        const items = rowsBehind(session, { settings, kinds, from: place });
        const read = await deliverItems(host, { partition: PARTITION, from: place, items, onStored: stored });
        if (read.moved) {
          stored(read.place ?? (await beginAt(host, PARTITION, bounds)));
          continue;
        }
        if (!settings.follow) return;
        await pause(settings.everyMs, host.signal);
      } catch (error) {
        drop();
        if (!(error instanceof MysqlTrouble) || !error.passes) throw error;
        host.report({ task: ONLY_TASK, state: 'running', trace: `${error.message}; it is tried again` });
        await pause(wait, host.signal);
        wait = Math.min(wait * 2, LONGEST_RETRY_MS);
      }
    }
  } finally {
    host.signal.removeEventListener('abort', drop);
    drop();
  }
}
