import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Storage } from '../../schemas/core.ts';
import { AWKWARD_NUMBERS } from './awkward-numbers.ts';
import type { Backend } from './backend.ts';
import { freshWorkspace, resultRecorded, unit } from './fixtures.ts';
import { useStorage } from './use-storage.contract.ts';

const sampleId = (i: number): string => `s-${String(i).padStart(4, '0')}`;

/** The lines that are hashed, written down by hand: the same on every database. */
const hashOf = (ws: string, numbers: readonly number[]): string => {
  const lines = numbers.map((x, i) => {
    const id = sampleId(i);
    return `${JSON.stringify([ws, 'e2', id, 'A', 0, `${id}/A/0`, 'a', 'b', 0, null, null, 1, null, x, 1, 0, x])}\n`;
  });
  return createHash('sha256').update(lines.join('')).digest('hex');
};

/** Property: real numbers are read as they were written, to the last bit. */
export function realNumbersContract(backend: Backend): void {
  describe('real numbers', () => {
    let storage: Storage;
    useStorage(backend, (own) => ({ storage } = own));

    const expectKept = async (numbers: readonly number[]): Promise<void> => {
      const ws = freshWorkspace();
      const events = numbers.map((x, i) => resultRecorded({ sampleId: sampleId(i), cost: x, elapsedMs: x }));
      await storage.events.write(unit(ws, { appends: [{ log: 'ledger', stream: 'evaluation/e2', expected: { any: true }, events }] }));
      await storage.projections.catchUp(ws);
      // JSON has no negative zero.
      const wanted = numbers.map((x) => x + 0);
      const results = await storage.read.results(ws, 'e2', { limit: numbers.length });
      expect(results.map(({ elapsedMs }) => elapsedMs)).toEqual(wanted);
      expect(results.map(({ cost }) => cost)).toEqual(wanted);
      const hash = hashOf(ws, wanted);
      const [rebuilt] = await storage.projections.rebuild(ws, { name: 'results' });
      expect(rebuilt).toMatchObject({ rows: numbers.length, hash });
    };

    it('are kept that need 17 digits, that are the smallest and the largest', () => expectKept(AWKWARD_NUMBERS));

    it('are kept whatever they are, and hash to the same on every database (property)', async () => {
      const bits = fc.double({ noNaN: true, noDefaultInfinity: true });
      const measured = fc.double({ noNaN: true, min: 0, max: 1e6 });
      await fc.assert(fc.asyncProperty(fc.array(fc.oneof(bits, measured), { minLength: 1, maxLength: 400, size: 'max' }), expectKept), {
        numRuns: Math.min(10, backend.propertyRuns),
        seed: 7,
      });
    });
  });
}
