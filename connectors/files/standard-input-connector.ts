import type { Readable } from 'node:stream';
import { RiskflowError, type ConnectorOf, type SourceConnector } from '../../schemas/index.ts';
import { beginAt, deliverItems, ONLY_PARTITION, runTask } from '../delivery.ts';
import { csvItems } from './csv-items.ts';
import { ndjsonItems } from './ndjson-items.ts';
import { linesOf } from './read-lines.ts';

const PARTITION = { topic: 'stdin', partition: ONLY_PARTITION };

/**
 * Reads what is piped in, once, to its end. It cannot be read again: the host is told that it ends at 0, which makes each start an incarnation of its own.
 * A last line without a line end counts. What is at hand is handed over at once, without waiting for more.
 */
export function createStandardInputConnector(settings: ConnectorOf<'stdin'>, deps: { readonly input: Readable }): SourceConnector {
  const { input } = deps;
  return {
    run: (host) =>
      runTask(host, async () => {
        const from = await beginAt(host, PARTITION, { low: 0, end: 0 });
        const lines = linesOf(untilAbort(input, host.signal), { fromOffset: from.offset });
        const options = { isFinal: true, takesLastRow: true, endsQuotes: true, onUnfinished: () => undefined };
        const items =
          settings.format === 'csv'
            ? csvItems({ rest: lines, beginning: null }, { ...options, delimiter: ',' })
            : ndjsonItems(lines, options);
        const read = await deliverItems(host, { partition: PARTITION, from, items, isLive: true });
        if (read.moved)
          throw new RiskflowError('taken_over', 'another process reads into this source, and what is piped in cannot be read again');
      }),
    ends: () => Promise.resolve([{ ...PARTITION, low: null, end: null }]),
    close() {
      input.destroy();
      return Promise.resolve();
    },
  };
}

/** The pieces of a stream, ending when the signal aborts although the stream may give nothing more. */
async function* untilAbort(input: Readable, signal: AbortSignal): AsyncGenerator<unknown, void> {
  const pieces = input[Symbol.asyncIterator]();
  while (!signal.aborted) {
    const piece = await nextUntilAbort(pieces, signal);
    if (piece.done === true) return;
    yield piece.value;
  }
}

type Piece = IteratorResult<unknown, unknown>;

// One listener for each piece: a promise of the abort that all of them share would keep all of them in memory.
const nextUntilAbort = (pieces: AsyncIterator<unknown, unknown>, signal: AbortSignal): Promise<Piece> =>
  new Promise((resolve, reject) => {
    const end = (): void => resolve({ done: true, value: undefined });
    signal.addEventListener('abort', end, { once: true });
    void pieces
      .next()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', end));
  });
