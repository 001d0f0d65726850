import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { recordIdOf } from './record-id.ts';

const origin = { sourceId: 'reports', incarnation: 1, topic: 'reports.ndjson', partition: 0, offset: 4096 };

describe('recordIdOf', () => {
  it('stays what it was: ids of stored records depend on it', () => {
    expect(recordIdOf(origin)).toBe('1c12c42d432bf5a6338460473db529b1');
  });

  it('differs when any part of the origin does, also where parts joined as text would be equal', () => {
    const place = fc.record({
      sourceId: fc.constantFrom('a', 'a1', 'b'),
      incarnation: fc.nat(12),
      topic: fc.constantFrom('1', '11', 't'),
      partition: fc.nat(12),
      offset: fc.nat(12),
    });
    fc.assert(
      fc.property(place, place, (a, b) => {
        expect(recordIdOf(a) === recordIdOf(b)).toBe(JSON.stringify(a) === JSON.stringify(b));
      }),
    );
  });
});
