/** Something that can be ended: a thread. */
type Member = { end(): void };

/** At most `size` members, each lent to one borrower at a time; made when first needed. */
export type ThreadPool<T extends Member> = {
  /** Waits in turn for a member. Rejects with the signal's reason when aborted, or when the pool is closed. */
  borrow(signal: AbortSignal): Promise<T>;
  /** Takes a member back. One that is not `reusable`, or has served `maxUses` times, is ended; the next borrower gets a new one. */
  giveBack(member: T, reusable: boolean): void;
  /** Ends all members, those lent out too. */
  close(): void;
};

export function createThreadPool<T extends Member>(options: {
  readonly size: number;
  readonly maxUses: number;
  readonly start: () => T;
}): ThreadPool<T> {
  const uses = new Map<T, number>();
  const idle: T[] = [];
  const waiting: PromiseWithResolvers<T>[] = [];
  let closed = false;

  const next = (): T | undefined => {
    const member = idle.pop();
    if (member !== undefined || uses.size >= options.size) return member;
    const started = options.start();
    uses.set(started, 0);
    return started;
  };

  return {
    async borrow(signal) {
      signal.throwIfAborted();
      if (closed) throw closedError();
      const member = waiting.length === 0 ? next() : undefined;
      if (member !== undefined) return member;
      const turn = Promise.withResolvers<T>();
      waiting.push(turn);
      const onAbort = (): void => {
        const at = waiting.indexOf(turn);
        if (at >= 0) waiting.splice(at, 1);
        turn.reject(signal.reason);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      return await turn.promise.finally(() => signal.removeEventListener('abort', onAbort));
    },
    giveBack(member, reusable) {
      const served = (uses.get(member) ?? 0) + 1;
      uses.set(member, served);
      if (reusable && served < options.maxUses && !closed) idle.push(member);
      else {
        uses.delete(member);
        member.end();
      }
      // The turn is taken off the queue before it is resolved, so that a late abort cannot lose the member.
      if (closed || waiting.length === 0) return;
      const free = next();
      if (free !== undefined) waiting.shift()?.resolve(free);
    },
    close() {
      closed = true;
      for (const turn of waiting.splice(0)) turn.reject(closedError());
      for (const member of uses.keys()) member.end();
      uses.clear();
      idle.length = 0;
    },
  };
}

const closedError = (): Error => new Error('the sandbox is closed');
