import releaseSync from '@jitl/quickjs-wasmfile-release-sync';
import { newQuickJSWASMModuleFromVariant, newVariant, type QuickJSSyncVariant } from 'quickjs-emscripten-core';
import { parentPort, workerData } from 'node:worker_threads';
import { performCall } from './quickjs-call.ts';
import type { WorkerCall, WorkerMessage, WorkerSettings } from './quickjs-protocol.ts';

// The package's types are those of its CommonJS form, where the variant is one level deeper than in the ES module that Node loads.
const variant: QuickJSSyncVariant = 'default' in releaseSync ? releaseSync.default : releaseSync;

/** The body of a worker thread: one interpreter, one call after another. */
async function serve(settings: WorkerSettings): Promise<void> {
  const port = parentPort;
  if (port === null) throw new Error('quickjs-worker.ts runs in a worker thread only');
  // The runtime's own memory limit does not hold for large arrays and texts; the maximum of the WebAssembly memory does.
  const pages = (mb: number): number => mb * 16;
  const wasmMemory = new WebAssembly.Memory({ initial: pages(16), maximum: pages(settings.memoryMb) });
  const quickjs = await newQuickJSWASMModuleFromVariant(newVariant(variant, { wasmMemory }));
  const send = (message: WorkerMessage): void => port.postMessage(message);
  port.on('message', (call: WorkerCall) => {
    const { outcome, clean, reusable } = performCall(quickjs, call);
    // A damaged interpreter may abort or hang while it frees: it is not asked to, the thread goes as a whole.
    send({ kind: 'ended', outcome, reusable: reusable && succeeds(clean) });
  });
  send({ kind: 'ready' });
}

function succeeds(action: () => void): boolean {
  try {
    action();
    return true;
  } catch {
    return false;
  }
}

await serve(workerData as WorkerSettings);
