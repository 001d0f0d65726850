import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countOf, NO_RUNS, type Piece, type PieceResult } from './batch-activities.ts';
import { spreadRuns } from './batch-shards.ts';
import {
  beginDispatch,
  concludePiece,
  concludePoisoned,
  isComplete,
  isPoisoned,
  nextStart,
  repeatPiece,
  suspectPiece,
  type DispatchRange,
  type DispatchState,
  type Start,
} from './dispatch-runs-window.ts';

/** What happens to a piece: all of it is done, it is left, a run cannot be driven, or its activity is ended early. */
type Fate = 'done' | 'left' | 'killed';

/** Plays a dispatch to its end. `poison`: places that kill whoever touches them; `troubled`: places that can never be driven. */
function play(range: DispatchRange, fates: readonly Fate[], poison: ReadonlySet<number>, troubled: ReadonlySet<number>) {
  let state: DispatchState = beginDispatch(range, 0);
  const underWay: Start[] = [];
  const log = { most: 0, alone: true, starts: 0 };
  const fill = (): void => {
    for (;;) {
      const next = nextStart(
        range,
        state,
        underWay.map(({ piece }) => piece),
      );
      if (next === undefined) break;
      if (next.start.alone && underWay.length > 0) log.alone = false;
      ({ state } = next);
      underWay.push(next.start);
      log.starts++;
    }
    log.most = Math.max(log.most, underWay.length);
  };
  const placesOf = ({ from, to }: Piece): readonly number[] => Array.from({ length: to - from }, (_, i) => from + i);
  for (let step = 0; !isComplete(range, state) || underWay.length > 0; step++) {
    fill();
    const start = underWay.splice(step % underWay.length, 1)[0];
    if (start === undefined || step > 10_000) throw new Error('it came to a halt');
    const places = placesOf(start.piece);
    const one = places[0] ?? -1;
    const fate = fates[step] ?? 'done';
    if (places.some((place) => poison.has(place)) || fate === 'killed') {
      if (isPoisoned(start) && poison.has(one)) state = concludePoisoned(state, { place: one, error: 'dead' }, { ...NO_RUNS, failed: 1 });
      else if (isPoisoned(start)) state = { ...state, again: [...state.again, start.piece] };
      else state = suspectPiece(state, start);
      continue;
    }
    if (isPoisoned(start) && troubled.has(one)) {
      state = concludePoisoned(state, { place: one, error: 'no' }, { ...NO_RUNS, failed: 1 });
      continue;
    }
    const bad = places.filter((place) => troubled.has(place));
    const result: PieceResult =
      fate === 'left'
        ? { status: 'left', counts: { ...NO_RUNS, succeeded: 1 }, troubled: [], handedOver: [] }
        : {
            status: 'done',
            counts: { ...NO_RUNS, succeeded: places.length - bad.length },
            troubled: bad.map((place) => ({ place, error: 'no' })),
            handedOver: [],
          };
    state = concludePiece(state, start.piece, result);
  }
  return { state, log };
}

const ranges = fc
  .record({
    from: fc.nat(50),
    size: fc.integer({ min: 0, max: 300 }),
    chunk: fc.integer({ min: 1, max: 50 }),
    window: fc.integer({ min: 1, max: 8 }),
  })
  .map(({ from, size, chunk, window }): DispatchRange => ({ from, to: from + size, chunk, window }));

describe('the window of a dispatch', () => {
  it('counts every run once, whatever is left, killed or poisoned, and never has more under way than it may', () => {
    fc.assert(
      fc.property(
        ranges,
        fc.array(fc.constantFrom<Fate>('done', 'done', 'left', 'killed'), { maxLength: 30 }),
        fc.array(fc.nat(349), { maxLength: 3 }),
        fc.array(fc.nat(349), { maxLength: 3 }),
        (range, fates, killing, failing) => {
          const inside = (places: readonly number[]) => new Set(places.filter((place) => place >= range.from && place < range.to));
          const poison = inside(killing);
          const troubled = new Set([...inside(failing)].filter((place) => !poison.has(place)));
          const { state, log } = play(range, fates, poison, troubled);
          expect(countOf(state.counts)).toBe(range.to - range.from);
          expect(state.counts.failed).toBe(poison.size + troubled.size);
          expect(new Set(state.poisoned.map(({ place }) => place))).toEqual(new Set([...poison, ...troubled]));
          expect(log.most).toBeLessThanOrEqual(range.window);
          expect(log.alone, 'suspects run alone').toBe(true);
        },
      ),
    );
  });

  it('finds one run that kills its worker in few steps, none of which holds up the others', () => {
    const { log, state } = play({ from: 0, to: 400, chunk: 40, window: 4 }, [], new Set([123]), new Set());
    expect(state.counts).toEqual({ ...NO_RUNS, succeeded: 399, failed: 1 });
    // Ten chunks, the suspect, eight parts of it, five of one of these.
    expect(log.starts).toBe(10 + 1 + 8 + 5);
  });
});

describe('the spread of a batch', () => {
  it('covers every place once, in whole chunks, within the limit of calls', () => {
    fc.assert(
      fc.property(fc.nat(30_000), fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 300 }), (places, runsPerPlace, concurrency) => {
        const { shards, calls } = spreadRuns({ title: '', places, runsPerPlace, concurrency });
        let next = 0;
        for (const [i, { from, to, chunk, window }] of shards.entries()) {
          expect(from).toBe(next);
          expect(window).toBeGreaterThan(0);
          if (i < shards.length - 1) expect((to - from) % chunk).toBe(0);
          next = to;
        }
        expect(next).toBe(places);
        expect(shards.reduce((sum, { window }) => sum + window, 0) * calls).toBeLessThanOrEqual(concurrency);
      }),
    );
  });

  it.each([
    [
      { places: 500, runsPerPlace: 2, concurrency: 32 },
      { shards: 1, chunk: 20, window: 4, calls: 8 },
    ],
    [
      { places: 10_000, runsPerPlace: 2, concurrency: 32 },
      { shards: 2, chunk: 20, window: 2, calls: 8 },
    ],
    [
      { places: 1_000, runsPerPlace: 1, concurrency: 8 },
      { shards: 1, chunk: 40, window: 2, calls: 4 },
    ],
    [
      { places: 3, runsPerPlace: 1, concurrency: 50 },
      { shards: 1, chunk: 40, window: 1, calls: 50 },
    ],
    [
      { places: 0, runsPerPlace: 2, concurrency: 8 },
      { shards: 1, chunk: 20, window: 1, calls: 8 },
    ],
  ])('of %j', (shape, wanted) => {
    const { shards, calls } = spreadRuns({ title: '', ...shape });
    expect({ shards: shards.length, chunk: shards[0]?.chunk, window: shards[0]?.window, calls }).toEqual(wanted);
  });
});

describe('a piece that nothing was found out about', () => {
  it.each([false, true])('is tried again as it was (alone: %s)', (alone) => {
    const range: DispatchRange = { from: 0, to: 4, chunk: 4, window: 2 };
    const piece: Piece = { home: 0, from: 0, to: 4 };
    const begun: DispatchState = { ...beginDispatch(range, 0), next: 4 };
    const next = nextStart(range, repeatPiece(begun, { piece, alone }), []);
    expect(next?.start).toEqual({ piece, alone });
    expect(next?.state).toEqual(begun);
  });
});
