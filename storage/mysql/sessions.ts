import { isAnswer, trouble } from './errors.ts';

/** Sends statements in one packet, and returns what the server answers to the last. */
type Ask = (sql: readonly string[]) => Promise<unknown>;

/**
 * Names the session of a connection on its server: a lock that nobody else can have taken, and that goes with the session. The number that
 * the server gives it would not do, since after a restart or a failover somebody else may have it.
 */
export const markSession = (session: string): string => `select get_lock('${lockOf(session)}', 0) as named`;

const lockOf = (session: string): string => `riskflow session ${session}`;

/**
 * Ends a session whose connection was given up, so that its row locks are free. Needs no rights beyond being the same user; where a server
 * refuses nevertheless, the session lasts until the server notices by itself.
 * @throws what `ask` throws when this connection is lost as well
 */
export async function endSession(ask: Ask, session: string): Promise<void> {
  try {
    const id = await idOf(ask, session);
    if (id !== undefined) await ask([`kill ${id}`]);
  } catch (error) {
    if (trouble(error) === 'lost') throw error;
  }
}

/**
 * Whether the server is at work for a session, and not waiting for its next statement. A server that answers, but not that, counts as being
 * at work; one that does not answer at all does not.
 */
export async function isSessionAtWork(ask: Ask, session: string): Promise<boolean> {
  try {
    const id = await idOf(ask, session);
    if (id === undefined) return false;
    const processes = rowsIn(await ask(['show processlist']));
    const own = processes.find((row) => Number(row['Id']) === id);
    return own !== undefined && own['Command'] !== 'Sleep';
  } catch (error) {
    return isAnswer(error);
  }
}

async function idOf(ask: Ask, session: string): Promise<number | undefined> {
  const [row] = rowsIn(await ask([`select is_used_lock('${lockOf(session)}') as id`]));
  const id = Number(row?.['id'] ?? 0);
  return Number.isSafeInteger(id) && id > 0 ? id : undefined;
}

type Row = Readonly<Record<string, unknown>>;
const rowsIn = (answer: unknown): readonly Row[] => (Array.isArray(answer) ? (answer as Row[]) : []);
