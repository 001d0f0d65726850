import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LogName, Storage, StreamAppend, WriteResult, WriteUnit } from '../../schemas/core.ts';
import type { Backend } from './backend.ts';
import { append, freshWorkspace, thing, unit } from './fixtures.ts';
import { useStorage } from './use-storage.contract.ts';

type Step = {
  readonly appends: readonly {
    readonly stream: number;
    readonly count: number;
    readonly expect: 'any' | 'current' | 'behind' | 'from start' | 'gap';
  }[];
  readonly claim: number | null;
};

const steps = fc.array(
  fc.array(
    fc.record({
      appends: fc.array(
        fc.record({
          stream: fc.integer({ min: 0, max: 3 }),
          count: fc.integer({ min: 0, max: 4 }),
          expect: fc.constantFrom('any', 'current', 'behind', 'from start', 'gap'),
        }),
        { maxLength: 3 },
      ),
      claim: fc.option(fc.integer({ min: 0, max: 3 }), { nil: null, freq: 3 }),
    }),
    { minLength: 1, maxLength: 6 },
  ),
  { minLength: 1, maxLength: 5 },
);

// Streams 0 and 1 are in the ledger, 2 and 3 are runs.
const logOf = (stream: number): LogName => (stream < 2 ? 'ledger' : 'runs-0');
const nameOf = (stream: number): string => `stream-${stream}`;

/** What should come of a sequence of units, told in the simplest way. */
class Model {
  #versions = new Map<number, number>();
  readonly #claims = new Map<number, string>();
  readonly #heads = new Map<LogName, number>();
  #sequence = 0;

  /** The unit of a step, and how it must end. */
  next(workspaceId: string, step: Step): { readonly unit: WriteUnit; readonly result: WriteResult['status'] } {
    const claim = step.claim === null ? undefined : { scope: 's', key: String(step.claim), value: `unit ${++this.#sequence}` };
    const versions = new Map(this.#versions);
    let conflict = false;
    const appends: StreamAppend[] = [];
    for (const { stream, count, expect: how } of step.appends) {
      const version = versions.get(stream) ?? 0;
      appends.push({
        log: logOf(stream),
        stream: nameOf(stream),
        // Each says which one of its stream it is: those that come again are the same.
        events: Array.from({ length: count }, (_, i) => thing((how === 'from start' ? 0 : version) + i)),
        expected: expectedOf(how, version),
      });
      conflict ||= how === 'gap' || (how === 'behind' && version > 0);
      versions.set(stream, how === 'from start' ? Math.max(version, count) : version + count);
    }
    const built = unit(workspaceId, { appends, ...(claim === undefined ? {} : { claims: [claim] }) });
    if (step.claim !== null && this.#claims.has(step.claim)) return { unit: built, result: 'claimed' };
    if (conflict) return { unit: built, result: 'conflict' };
    if (step.claim !== null) this.#claims.set(step.claim, claim?.value ?? '');
    for (const [stream, version] of versions) {
      const grown = version - (this.#versions.get(stream) ?? 0);
      this.#heads.set(logOf(stream), (this.#heads.get(logOf(stream)) ?? 0) + grown);
    }
    this.#versions = versions;
    return { unit: built, result: 'written' };
  }

  head(log: LogName): number {
    return this.#heads.get(log) ?? 0;
  }
}

function expectedOf(how: Step['appends'][number]['expect'], version: number): StreamAppend['expected'] {
  switch (how) {
    case 'any':
      return { any: true };
    case 'current':
      return { version };
    case 'behind':
      return { version: Math.max(0, version - 1) };
    case 'from start':
      return { from: 1 };
    case 'gap':
      return { from: version + 2 };
  }
}

/** Property: whatever is written in whatever groups, each log has the numbers 1…n, and results are as the model says. */
export function numbersContract(backend: Backend): void {
  describe('numbers of events', () => {
    let storage: Storage;
    useStorage(backend, (own) => ({ storage } = own));

    it('have no holes under concurrency, and are in the order of their streams', async () => {
      const ws = freshWorkspace();
      const writers = Array.from({ length: 20 }, (_, w) => w);
      await Promise.all(
        writers.map(async (w) => {
          for (let i = 0; i < 10; i++) {
            const expected = i % 3 === 2 ? { version: 0 } : { any: true as const };
            await storage.events.write(unit(ws, { appends: [append(`w-${w}`, [i, i], expected)] }));
          }
        }),
      );
      const events = await storage.events.readLog(ws, 'ledger');
      // Every third unit was refused.
      expect(events.map(({ position }) => position.n)).toEqual(Array.from({ length: 20 * 7 * 2 }, (_, i) => i + 1));
      for (const w of writers) {
        const own = events.filter(({ stream }) => stream === `w-${w}`);
        expect(own.map(({ version }) => version)).toEqual(own.map((_, i) => i + 1));
      }
    });

    it('are 1…n for any sequence of units (property)', async () => {
      await fc.assert(
        fc.asyncProperty(steps, async (groups) => {
          const ws = freshWorkspace();
          const model = new Model();
          for (const group of groups) {
            const planned = group.map((step) => model.next(ws, step));
            const results = await Promise.all(planned.map((each) => storage.events.write(each.unit)));
            expect(results.map(({ status }) => status)).toEqual(planned.map(({ result }) => result));
            for (const [i, result] of results.entries()) {
              const events = planned[i]?.unit.appends.reduce((sum, each) => sum + each.events.length, 0);
              if (result.status === 'written') expect(result.positions.length).toBe(events);
            }
          }
          for (const log of ['ledger', 'runs-0'] as const) {
            const events = await storage.events.readLog(ws, log);
            expect(events.map(({ position }) => position.n)).toEqual(Array.from({ length: model.head(log) }, (_, i) => i + 1));
            expect(await storage.events.head(ws, log)).toBe(model.head(log));
          }
        }),
        { numRuns: backend.propertyRuns, seed: 7 },
      );
    });
  });
}
