import { getCompileCacheDir } from 'node:module';
import { Worker } from 'node:worker_threads';
import type { DocumentLimits, DocumentText } from '../../schemas/core.ts';
import type { DocumentCall } from './document-worker.ts';

// Both forms written out: dead-code checks look for exactly this to know what a worker runs.
const WORKER_URL = import.meta.url.endsWith('.ts')
  ? new URL('./document-worker.ts', import.meta.url)
  : new URL('./document-worker.js', import.meta.url);

/** A thread for one document at a time. It keeps the process alive only while it works. */
export type DocumentThread = {
  /** Resolves with what became of the document; a failure that is the thread's own end leaves it unfit for another. */
  read(call: DocumentCall): Promise<{ readonly text: DocumentText; readonly reusable: boolean }>;
  /** Ends it at once, whatever it does. */
  end(): void;
};

export function startDocumentThread(limits: DocumentLimits): DocumentThread {
  const worker = openWorker(limits);
  let finish: ((text: DocumentText, reusable: boolean) => void) | undefined;
  let gone: DocumentText | undefined;
  const onGone = (text: DocumentText): void => {
    gone ??= text;
    finish?.(gone, false);
  };
  worker.on('error', (error) => onGone(isOutOfMemory(error) ? outOfMemory(limits) : DAMAGED));
  worker.on('exit', () => onGone(DAMAGED));
  worker.on('message', (message: unknown) => {
    const text = readMessage(message);
    finish?.(text ?? DAMAGED, text !== undefined);
  });
  worker.unref();
  return {
    read: async (call) => {
      if (gone !== undefined) return { text: gone, reusable: false };
      const ended = Promise.withResolvers<{ readonly text: DocumentText; readonly reusable: boolean }>();
      finish = (text, reusable) => ended.resolve({ text, reusable });
      const timer = setTimeout(() => ended.resolve({ text: timedOut(limits), reusable: false }), call.limits.timeoutMs);
      const guard = watchMemory(worker, limits, () => ended.resolve({ text: outOfMemory(limits), reusable: false }));
      worker.ref();
      worker.postMessage(call);
      return await ended.promise.finally(() => {
        clearTimeout(timer);
        clearInterval(guard);
        finish = undefined;
        worker.unref();
      });
    },
    end: () => void worker.terminate(),
  };
}

function openWorker({ memoryMb }: DocumentLimits): Worker {
  const cacheDir = getCompileCacheDir();
  return new Worker(WORKER_URL, {
    // Nothing of this process is handed on but where Node keeps compiled code, which halves the start.
    env: cacheDir === undefined ? {} : { NODE_COMPILE_CACHE: cacheDir },
    argv: [],
    execArgv: [],
    stdin: false,
    stdout: true,
    stderr: true,
    name: 'riskflow-documents',
    resourceLimits: { maxOldGenerationSizeMb: memoryMb, maxYoungGenerationSizeMb: 32, stackSizeMb: 4 },
  });
}

/** How often it is looked at what a thread holds outside of its heap. */
const WATCH_MS = 25;

/**
 * A thread's own limit counts its heap alone, and unpacked bytes lie outside: a PDF of one megabyte can hold gigabytes of them. So they
 * are looked at while it works.
 */
function watchMemory(worker: Worker, { memoryMb, maxUnpackedBytes }: DocumentLimits, onTooMuch: () => void): NodeJS.Timeout {
  const most = memoryMb * 1024 * 1024 + maxUnpackedBytes;
  return setInterval(() => {
    worker.getHeapStatistics().then(
      ({ external_memory: held }) => {
        if (held > most) onTooMuch();
      },
      // It has ended, which is noticed elsewhere.
      () => undefined,
    );
  }, WATCH_MS);
}

const DAMAGED: DocumentText = { ok: false, message: 'it is so damaged that reading it broke off', type: 'TextExtractionError' };
const timedOut = ({ timeoutMs }: DocumentLimits): DocumentText => ({
  ok: false,
  message: `reading it took more than ${timeoutMs} ms (setting documents.timeoutMs)`,
  type: 'DocumentTimeoutError',
});
const outOfMemory = ({ memoryMb }: DocumentLimits): DocumentText => ({
  ok: false,
  message: `reading it takes more than ${memoryMb} MB of memory (setting documents.memoryMb)`,
  type: 'DocumentTooLargeError',
});

const isOutOfMemory = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';

const TYPES: ReadonlySet<unknown> = new Set([
  'UnsupportedFileTypeError',
  'TextExtractionError',
  'DocumentTooLargeError',
  'DocumentTimeoutError',
]);

/** A thread read hostile files: nothing it says is trusted to have the right form. */
function readMessage(message: unknown): DocumentText | undefined {
  if (typeof message !== 'object' || message === null || !('ok' in message)) return undefined;
  if (message.ok === true) return 'text' in message && typeof message.text === 'string' ? { ok: true, text: message.text } : undefined;
  const named = message.ok === false && 'message' in message && typeof message.message === 'string' && 'type' in message;
  return named && TYPES.has(message.type) ? (message as DocumentText) : undefined;
}
