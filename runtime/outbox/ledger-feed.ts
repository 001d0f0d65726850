import { messageOf, type StoredEvent } from '../../schemas/index.ts';
import { OUTGOING_TYPES } from './outgoing-events.ts';
import type { RelayDeps } from './relay-types.ts';

const SHORTEST_POLL_MS = 20;
const LONGEST_POLL_MS = 250;
/** Numbers of the ledger in a page. Pages begin at its multiples, so that parts that are at different places share them. */
const PAGE = 500;
const PAGES_KEPT = 8;

type Page = { readonly events: readonly StoredEvent[]; readonly upTo: number };
type FeedDeps = Pick<RelayDeps, 'workspaceId' | 'storage' | 'clock' | 'onNews'>;

/** The ledger as all relays of a process read it: one looks for news, and what was read once is read by all. */
export class LedgerFeed {
  readonly #deps: FeedDeps;
  readonly #pages = new Map<number, { readonly upTo: number; readonly page: Promise<Page> }>();
  readonly #waiting = new Set<() => void>();
  #head = 0;

  constructor(deps: FeedDeps) {
    this.#deps = deps;
  }

  /** The number of the last event now. */
  async look(): Promise<number> {
    const { storage, workspaceId } = this.#deps;
    const head = await storage.events.head(workspaceId, 'ledger');
    if (head > this.#head) {
      this.#head = head;
      for (const wake of this.#waiting) wake();
    }
    return this.#head;
  }

  /** Looks for news until aborted: more often when there was some a moment ago. */
  async watch(signal: AbortSignal): Promise<void> {
    let pause = SHORTEST_POLL_MS;
    let trouble = '';
    while (!signal.aborted) {
      const before = this.#head;
      try {
        await this.look();
        trouble = '';
      } catch (error) {
        const message = messageOf(error);
        if (message !== trouble) this.#deps.onNews({ kind: 'trouble', message });
        trouble = message;
      }
      pause = this.#head > before ? SHORTEST_POLL_MS : Math.min(LONGEST_POLL_MS, pause * 1.5);
      await this.#deps.clock.wait(pause, signal);
    }
  }

  /** Resolves with the number of the last event once that is above `n`; with undefined when `ms` have passed or the signal aborts. */
  async beyond(n: number, signal: AbortSignal, ms?: number): Promise<number | undefined> {
    if (this.#head > n) return this.#head;
    const over = new AbortController();
    const end = (): void => over.abort();
    const wake = (): void => {
      if (this.#head > n) end();
    };
    this.#waiting.add(wake);
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
    try {
      await (ms === undefined ? aborted(over.signal) : this.#deps.clock.wait(ms, over.signal));
    } finally {
      this.#waiting.delete(wake);
      signal.removeEventListener('abort', end);
    }
    return this.#head > n ? this.#head : undefined;
  }

  /** What may be told of the events after `after`, in order, and up to which number that is all: as far as the page is known. */
  async read(after: number, head: number): Promise<Page> {
    const first = Math.floor(after / PAGE) * PAGE;
    const page = await this.#page(first, Math.min(first + PAGE, head));
    return { events: page.events.filter(({ position }) => position.n > after), upTo: page.upTo };
  }

  /** The last page grows: what is new is read and put behind what is known. */
  #page(first: number, upTo: number): Promise<Page> {
    const known = this.#pages.get(first);
    if (known !== undefined && known.upTo >= upTo) return known.page;
    const page = this.#grown(known?.page, first, upTo);
    this.#pages.delete(first);
    this.#pages.set(first, { upTo, page });
    page.catch(() => this.#pages.delete(first));
    const [oldest] = this.#pages.keys();
    if (this.#pages.size > PAGES_KEPT && oldest !== undefined) this.#pages.delete(oldest);
    return page;
  }

  async #grown(before: Promise<Page> | undefined, first: number, upTo: number): Promise<Page> {
    const { storage, workspaceId } = this.#deps;
    const known = (await before) ?? { events: [], upTo: first };
    const types = OUTGOING_TYPES;
    const more = await storage.events.readTypes(workspaceId, 'ledger', { types, after: known.upTo, upTo });
    return { events: [...known.events, ...more], upTo };
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
