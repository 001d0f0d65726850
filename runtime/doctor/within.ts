/** What an answer came to that must not take longer than so many milliseconds. */
export type Answer<T> = { readonly value: T } | { readonly error: unknown } | 'late';

/** Waits for an answer and no longer. What comes later is dropped. */
export async function within<T>(timeoutMs: number, question: Promise<T>): Promise<Answer<T>> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), timeoutMs);
  });
  try {
    return await Promise.race([
      question.then(
        (value) => ({ value }),
        (error: unknown) => ({ error }),
      ),
      late,
    ]);
  } finally {
    clearTimeout(timer);
  }
}
