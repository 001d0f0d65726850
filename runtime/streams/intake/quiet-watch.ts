/** Told of the signs that a source gives. */
export type QuietWatch = {
  readonly disturbed: () => void;
  /** Told of a sign that there is nothing to read, at `now` in milliseconds. @returns whether it has been so for long enough */
  readonly sign: (now: number) => boolean;
};

/**
 * Whether a source has said for `quietMs` that there is nothing to read. One that says nothing at all for `signMs` is not at rest: it may be away, or wait
 * for something.
 */
export function quietWatch({ quietMs, signMs }: { readonly quietMs: number; readonly signMs: number }): QuietWatch {
  let since: number | undefined;
  let last = 0;
  return {
    disturbed: () => (since = undefined),
    sign: (now) => {
      if (since === undefined || now - last > signMs) since = now;
      last = now;
      return now - since >= quietMs;
    },
  };
}
