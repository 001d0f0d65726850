/** Something that can be ended: a process. */
type Member = { end(): void };

export type ScopedPoolOptions<T> = {
  /** The most members there are at a time, over all scopes. */
  readonly size: number;
  /** A member is replaced after so many uses. */
  readonly maxUses: number;
  /** A member that nobody uses is ended after so long, milliseconds. */
  readonly idleMs: number;
  /** A scope gets another member when one of its borrowers has waited so long, milliseconds. */
  readonly growAfterMs: number;
  /** A member has served for so long before it gives way to another scope that waits, milliseconds. */
  readonly turnMs: number;
  readonly start: (scope: string) => T;
};

/**
 * Members that serve one scope each, lent to one borrower at a time. A scope's first member is started when it is asked for, others when
 * calls wait. When there are as many as there may be, an idle member of another scope is ended, or a busy one once it has had its turn:
 * whoever waits longest comes first, so that no scope waits for ever.
 */
export type ScopedPool<T> = {
  /** Rejects with the signal's reason when aborted, or when the pool is closed. */
  readonly borrow: (scope: string, signal: AbortSignal) => Promise<T>;
  /** Takes a member back. One that is not `reusable` is ended. */
  readonly giveBack: (member: T, reusable: boolean) => void;
  /** Ends all members, those lent out too. */
  readonly close: () => void;
};

type Place = { readonly scope: string; uses: number; since: number | undefined; lent: boolean; idleTimer: NodeJS.Timeout | undefined };
type Turn<T> = { readonly scope: string; readonly at: number; readonly granted: PromiseWithResolvers<T> };

export function createScopedPool<T extends Member>(options: ScopedPoolOptions<T>): ScopedPool<T> {
  const places = new Map<T, Place>();
  const waiting: Turn<T>[] = [];
  let closed = false;
  let timer: NodeJS.Timeout | undefined;

  const end = (member: T): void => {
    clearTimeout(places.get(member)?.idleTimer);
    places.delete(member);
    member.end();
  };
  const lend = (member: T, place: Place): T => {
    clearTimeout(place.idleTimer);
    place.lent = true;
    return member;
  };
  const start = (scope: string): T => {
    const member = options.start(scope);
    places.set(member, { scope, uses: 0, since: undefined, lent: true, idleTimer: undefined });
    return member;
  };
  const idle = (wanted: (scope: string) => boolean): readonly [T, Place] | undefined =>
    [...places].find(([, place]) => !place.lent && wanted(place.scope));

  const memberFor = (scope: string, waitedMs: number): T | undefined => {
    const own = idle((other) => other === scope);
    if (own !== undefined) return lend(...own);
    const has = [...places.values()].some((place) => place.scope === scope);
    if (has && waitedMs < options.growAfterMs) return undefined;
    if (places.size < options.size) return start(scope);
    const unused = idle((other) => !waiting.some((turn) => turn.scope === other));
    if (unused === undefined || has) return undefined;
    end(unused[0]);
    return start(scope);
  };

  /** Grants what can be granted, the longest waiting first, and comes back when time alone would change something. */
  const serve = (): void => {
    clearTimeout(timer);
    const now = performance.now();
    for (const turn of [...waiting]) {
      const member = memberFor(turn.scope, now - turn.at);
      if (member === undefined) continue;
      // Taken off the queue before it is resolved, so that a late abort cannot lose the member.
      waiting.splice(waiting.indexOf(turn), 1);
      turn.granted.resolve(member);
    }
    if (waiting.length > 0) timer = setTimeout(serve, options.growAfterMs);
  };

  /** Whether this member is to make room for a scope that has none. */
  const mustYield = ({ scope, since }: Place, now: number): boolean =>
    since !== undefined &&
    now - since >= options.turnMs &&
    places.size >= options.size &&
    waiting.some((turn) => turn.scope !== scope && ![...places.values()].some((place) => place.scope === turn.scope));

  return {
    async borrow(scope, signal) {
      signal.throwIfAborted();
      if (closed) throw closedError();
      const turn: Turn<T> = { scope, at: performance.now(), granted: Promise.withResolvers<T>() };
      waiting.push(turn);
      const onAbort = (): void => {
        const at = waiting.indexOf(turn);
        if (at >= 0) waiting.splice(at, 1);
        turn.granted.reject(signal.reason);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      serve();
      return await turn.granted.promise.finally(() => signal.removeEventListener('abort', onAbort));
    },
    giveBack(member, reusable) {
      const place = places.get(member);
      if (place === undefined) return;
      place.uses += 1;
      place.lent = false;
      place.since ??= performance.now();
      if (!reusable || place.uses >= options.maxUses || mustYield(place, performance.now())) end(member);
      else place.idleTimer = setTimeout(() => end(member), options.idleMs).unref();
      serve();
    },
    close() {
      closed = true;
      clearTimeout(timer);
      for (const turn of waiting.splice(0)) turn.granted.reject(closedError());
      for (const member of [...places.keys()]) end(member);
    },
  };
}

const closedError = (): Error => new Error('the sandbox is closed');
