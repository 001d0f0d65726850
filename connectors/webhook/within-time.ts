/**
 * Does something for `ms` at most, or until the signal aborts. `timedOut` tells which of the two it was. By hand, since AbortSignal.any would leave
 * something behind on a signal that lives as long as the process.
 */
export async function withinTime<T>(
  { ms, signal }: { readonly ms: number; readonly signal: AbortSignal },
  work: (until: AbortSignal, timedOut: () => boolean) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  let isTimedOut = false;
  const stop = (): void => controller.abort(signal.reason);
  const timer = setTimeout(() => {
    isTimedOut = true;
    controller.abort(new Error(`it took longer than ${ms} ms`));
  }, ms);
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    return await work(controller.signal, () => isTimedOut);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
}
