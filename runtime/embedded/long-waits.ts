import type { Effect, RunPaused } from '../../schemas/index.ts';

type Asked = { readonly effect: Effect; readonly until: number | null };

/** What a run waits for that takes too long to stay for: long delays, and answers of people. */
export class LongWaits {
  /** When the first delay is over; milliseconds since 1970. */
  #delayed: number | undefined;
  /** By effectId. */
  readonly #asked = new Map<string, Asked>();
  #isOld = false;

  get isEmpty(): boolean {
    return this.#delayed === undefined && this.#asked.size === 0;
  }

  /** An effect is not to begin before this. */
  delay(until: number): void {
    this.#delayed = Math.min(this.#delayed ?? until, until);
  }

  /** Nobody had answered this when it was looked at. */
  ask(effect: Effect, until: number | null): void {
    this.#asked.set(effect.effectId, { effect, until });
  }

  /** Time went by: somebody may have answered since, and have left the rest to this owner. */
  happened(): void {
    this.#isOld = true;
  }

  /** The questions to be looked at again before the run is left. */
  takeOld(now: number): readonly Effect[] {
    const asked = [...this.#asked.values()];
    if (!this.#isOld && asked.every(({ until }) => until === null || until > now)) return [];
    this.#isOld = false;
    this.#asked.clear();
    return asked.map(({ effect }) => effect);
  }

  /** The run is left: what its last event says, and the titles of the nodes that wait for a person. */
  pause(at: number): { readonly data: RunPaused['data']; readonly titles: readonly string[] } {
    const effects = Array.from(this.#asked.values(), ({ effect }) => effect);
    const titles = [...new Map(effects.map(({ nodeId, title }) => [nodeId, title])).values()];
    const ends = Array.from(this.#asked.values(), ({ until }) => until).filter((until) => until !== null);
    const known = this.#delayed === undefined ? ends : [...ends, this.#delayed];
    const until = known.length === 0 ? null : Math.min(...known);
    if (effects.length === 0) return { data: { reason: 'waits', until, at }, titles };
    const nodes = [...new Set(effects.map(({ nodeId }) => nodeId))];
    return { data: { reason: `waits for a person: ${titles.join(', ')}`, until, nodes, at }, titles };
  }
}
