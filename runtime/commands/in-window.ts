/**
 * Works on items in their order, at most `size` at a time. The first failure aborts what is under way and is thrown once all of it has
 * ended. @throws whatever a task throws, or the reason of the signal
 */
export async function inWindow<T>(
  items: AsyncIterable<T>,
  { size, signal }: { readonly size: number; readonly signal: AbortSignal },
  task: (item: T, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const window = new Window();
  try {
    for await (const item of items) {
      if (either.aborted) break;
      window.enter();
      task(item, either).then(
        () => window.leave(),
        (error: unknown) => {
          failed.abort(error);
          window.leave();
        },
      );
      await window.below(size);
    }
  } catch (error) {
    failed.abort(error);
  }
  await window.below(1);
  either.throwIfAborted();
}

/** Counts who is in, and lets one wait until there are fewer. */
class Window {
  #inside = 0;
  #waiting: { readonly count: number; readonly go: () => void } | undefined;

  enter(): void {
    this.#inside++;
  }

  leave(): void {
    this.#inside--;
    if (this.#waiting !== undefined && this.#inside < this.#waiting.count) {
      this.#waiting.go();
      this.#waiting = undefined;
    }
  }

  async below(count: number): Promise<void> {
    if (this.#inside < count) return;
    await new Promise<void>((resolve) => {
      this.#waiting = { count, go: resolve };
    });
  }
}
