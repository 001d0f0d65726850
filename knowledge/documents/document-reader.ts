import {
  DEFAULT_DOCUMENT_LIMITS,
  type DocumentBytes,
  type DocumentLimits,
  type DocumentReader,
  type DocumentText,
} from '../../schemas/core.ts';
import { startDocumentThread, type DocumentThread } from './document-thread.ts';

export type DocumentReaderOptions = {
  readonly limits?: Partial<DocumentLimits>;
  /** Documents that are read at the same time, each in a thread of its own. @default 2 */
  readonly threads?: number;
};

/** A thread is replaced after so many documents, so that what one left in it cannot pile up. */
const DOCUMENTS_PER_THREAD = 200;
/** A thread that nobody needs gives its memory back after so many milliseconds. */
const IDLE_MS = 30_000;

/**
 * Reads documents in worker threads, which start with the first document and do not keep the process alive. What is too large, takes too
 * long or breaks the thread is a failure of that document alone.
 */
export function createDocumentReader({ limits: given = {}, threads = 2 }: DocumentReaderOptions = {}): DocumentReader {
  const limits: DocumentLimits = { ...DEFAULT_DOCUMENT_LIMITS, ...given };
  type Idle = { readonly thread: DocumentThread; readonly uses: number; readonly timer?: NodeJS.Timeout };
  const idle: Idle[] = [];
  const busy = new Set<DocumentThread>();
  const waiting: (() => void)[] = [];
  let free = threads;
  let closed = false;

  const turn = async (signal: AbortSignal): Promise<void> => {
    signal.throwIfAborted();
    if (free > 0) {
      free--;
      return;
    }
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    const go = (): void => resolve(undefined);
    const onAbort = (): void => {
      const at = waiting.indexOf(go);
      if (at < 0) return;
      waiting.splice(at, 1);
      reject(signal.reason);
    };
    waiting.push(go);
    signal.addEventListener('abort', onAbort, { once: true });
    await promise.finally(() => signal.removeEventListener('abort', onAbort));
  };
  const giveBack = (): void => {
    const next = waiting.shift();
    if (next === undefined) free++;
    else next();
  };

  const rest = (thread: DocumentThread, uses: number): void => {
    const end = (): void => {
      idle.splice(idle.indexOf(resting), 1);
      thread.end();
    };
    const resting: Idle = { thread, uses, timer: setTimeout(end, IDLE_MS).unref() };
    idle.push(resting);
  };

  const readInThread = async (document: DocumentBytes, signal: AbortSignal): Promise<DocumentText> => {
    const { thread, uses, timer }: Idle = idle.pop() ?? { thread: startDocumentThread(limits), uses: 0 };
    clearTimeout(timer);
    const onAbort = (): void => thread.end();
    signal.addEventListener('abort', onAbort, { once: true });
    busy.add(thread);
    const { text, reusable } = await thread.read({ document, limits });
    busy.delete(thread);
    signal.removeEventListener('abort', onAbort);
    if (reusable && !closed && !signal.aborted && uses + 1 < DOCUMENTS_PER_THREAD) rest(thread, uses + 1);
    else thread.end();
    return text;
  };

  return {
    limits,
    async read(document, { signal }) {
      await turn(signal);
      try {
        if (closed) throw new Error('the reader of documents is closed');
        const text = await readInThread(document, signal);
        signal.throwIfAborted();
        return text.ok ? text : { ...text, message: `${nameOf(document)} cannot be read: ${text.message}` };
      } finally {
        giveBack();
      }
    },
    async close() {
      closed = true;
      for (const { thread, timer } of idle.splice(0)) {
        clearTimeout(timer);
        thread.end();
      }
      for (const thread of busy) thread.end();
    },
  };
}

function nameOf({ name, extension, mimeType }: DocumentBytes): string {
  const type = extension ?? mimeType;
  const named = name === null || name === '' ? 'the file' : `the file ${JSON.stringify(name)}`;
  return type === null || type === '' || (name !== null && name.toLowerCase().endsWith(type.toLowerCase())) ? named : `${named} (${type})`;
}
