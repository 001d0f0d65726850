import type { Readable } from 'node:stream';
import type { PoolConnection } from 'mysql2';
import { silenceError } from './errors.ts';

type RowStream = {
  readonly sql: string;
  readonly chunkSize: number;
  /** Milliseconds for which the next row is waited for. */
  readonly answerLimitMs: number;
};

/** The rows of one statement as they come, in chunks. @throws what ended the connection, or when the next row does not come in time */
export async function* streamRows<R>(connection: PoolConnection, { sql, chunkSize, answerLimitMs }: RowStream): AsyncGenerator<R[], void> {
  let stream: Readable | undefined;
  let lost: Error | undefined;
  // The driver tells the end of a connection to statements that have a callback, and to the connection itself, but never to a stream.
  const onLost = (error: Error): void => {
    lost = error;
    stream?.destroy(error);
  };
  connection.on('error', onLost);
  try {
    stream = connection.query(sql).stream({ highWaterMark: chunkSize });
    // Whoever reads it is told as well.
    stream.on('error', () => undefined);
    if (lost !== undefined) stream.destroy(lost);
    let rows: R[] = [];
    for await (const row of withinLimit<R>(stream, answerLimitMs)) {
      rows.push(row);
      if (rows.length < chunkSize) continue;
      yield rows;
      rows = [];
    }
    if (rows.length > 0) yield rows;
  } finally {
    connection.off('error', onLost);
    stream?.destroy();
  }
}

/** Ends a stream with an error when somebody waits longer for its next row. The time that its reader takes does not count. */
async function* withinLimit<R>(stream: Readable, limitMs: number): AsyncGenerator<R, void> {
  const rows: AsyncIterator<R> = stream[Symbol.asyncIterator]();
  for (;;) {
    // A timer for each row would cost more than the row.
    const timer = stream.readableLength > 0 ? undefined : setTimeout(() => stream.destroy(silenceError(limitMs)), limitMs);
    const next = await rows.next().finally(() => clearTimeout(timer));
    if (next.done === true) return;
    yield next.value;
  }
}
