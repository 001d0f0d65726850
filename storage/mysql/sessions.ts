import { trouble } from './errors.ts';

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
export async function endSession(ask: (sql: readonly string[]) => Promise<unknown>, session: string): Promise<void> {
  try {
    const id = holderOf(await ask([`select is_used_lock('${lockOf(session)}') as id`]));
    if (id !== undefined) await ask([`kill ${id}`]);
  } catch (error) {
    if (trouble(error) === 'lost') throw error;
  }
}

function holderOf(answer: unknown): number | undefined {
  const row: unknown = Array.isArray(answer) ? answer[0] : undefined;
  if (typeof row !== 'object' || row === null || !('id' in row)) return undefined;
  const id = Number(row.id ?? 0);
  return Number.isSafeInteger(id) && id > 0 ? id : undefined;
}
