import type { Connection } from 'mysql2';

/** Sends one packet, of one or more statements, and returns what the server answers to the last. */
export function ask(
  connection: Connection,
  { sql, statements = 1, timeoutMs }: { readonly sql: string; readonly statements?: number; readonly timeoutMs?: number | undefined },
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    connection.query({ sql, ...(timeoutMs === undefined ? {} : { timeout: timeoutMs }) }, (error: Error | null, answer: unknown) => {
      if (error !== null) reject(error);
      else resolve(statements > 1 && Array.isArray(answer) ? answer[statements - 1] : answer);
    });
  });
}
