import type { Effect, RunPaused } from '../schemas/core.ts';

/** How long after the first look for an answer the next one is, and how long it is at most; each is twice as long as the one before. */
const FIRST_LOOK_MS = 60_000;
const LONGEST_LOOK_MS = 3_600_000;

type Waiting = { readonly effect: Effect; readonly until: number | null };

/**
 * What a run asks people. An answer is stored before word of it comes, so that whoever looks finds it; word may be lost, and so a look is
 * taken now and then without it.
 */
export class RunQuestions {
  readonly #waiting = new Map<string, Waiting>();
  /** How often word came, and how often it had when an effect was looked at last: a look that began before a word may have been too early. */
  #words = 0;
  readonly #seen = new Map<string, number>();
  #pauseMs = FIRST_LOOK_MS;

  get isEmpty(): boolean {
    return this.#waiting.size === 0;
  }

  /** An effect has no answer yet. @returns whether it is to be looked at again at once */
  waits(effect: Effect, until: number | null): boolean {
    this.#waiting.set(effect.effectId, { effect, until });
    return (this.#seen.get(effect.effectId) ?? 0) < this.#words;
  }

  /** Word of an answer came, or it is time to look. @returns the effects to be performed again */
  look(isWord: boolean): readonly Effect[] {
    if (isWord) this.#words++;
    const effects = Array.from(this.#waiting.values(), ({ effect }) => effect);
    for (const { effectId } of effects) this.#seen.set(effectId, this.#words);
    this.#waiting.clear();
    return effects;
  }

  /** Milliseconds until the next look, and how it stands in the run's events. */
  pause(now: number): { readonly ms: number; readonly data: RunPaused['data'] } {
    const waiting = [...this.#waiting.values()];
    const ends = waiting.flatMap(({ until }) => until ?? []);
    const until = ends.length === 0 ? null : Math.min(...ends);
    const ms = Math.min(this.#pauseMs, until === null ? Infinity : Math.max(until - now, 0));
    this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_LOOK_MS);
    const nodes = [...new Set(waiting.map(({ effect }) => effect.nodeId))];
    const titles = [...new Map(waiting.map(({ effect }) => [effect.nodeId, effect.title])).values()];
    return { ms, data: { reason: `waits for a person: ${titles.join(', ')}`, until, nodes, at: now } };
  }
}
