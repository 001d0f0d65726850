import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitText } from './split-text.ts';

describe('splitText', () => {
  it.each<readonly [string, string, { readonly size: number; readonly overlap: number }, readonly string[]]>([
    ['keeps what fits', 'one\n\ntwo', { size: 20, overlap: 0 }, ['one\n\ntwo']],
    ['cuts at paragraphs', 'first part\n\nsecond part', { size: 14, overlap: 0 }, ['first part', 'second part']],
    ['cuts at sentences', '第一句话。第二句话。第三句', { size: 10, overlap: 0 }, ['第一句话。第二句话。', '第三句']],
    ['cuts at words', 'aaa bbb ccc', { size: 8, overlap: 0 }, ['aaa bbb', 'ccc']],
    ['begins with the end of the one before', 'aaaa bbbb cccc dddd', { size: 12, overlap: 5 }, ['aaaa bbbb', 'bbbb cccc', 'cccc dddd']],
    ['cuts anywhere when it must', 'abcdefgh', { size: 4, overlap: 1 }, ['abc', 'cdef', 'fgh']],
    ['has no chunk of blanks', ' \n\n \n', { size: 10, overlap: 2 }, []],
  ])('%s', (_, text, settings, wanted) => expect(splitText(text, settings)).toEqual(wanted));

  it('loses nothing, tears no character apart and keeps to its size', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '\n', '。', '.', '中', '😀', ','), maxLength: 300 });
    fc.assert(
      fc.property(text, fc.integer({ min: 10, max: 60 }), fc.integer({ min: 0, max: 4 }), (source, size, overlap) => {
        const chunks = splitText(source, { size, overlap });
        let at = 0;
        const bare = source.replace(/\s+/g, '');
        for (const chunk of chunks) {
          expect(chunk.length).toBeLessThanOrEqual(size);
          expect(chunk.isWellFormed()).toBe(true);
          const own = chunk.replace(/\s+/g, '');
          // It goes on where the one before ended, or up to its overlap earlier.
          const starts = Array.from({ length: overlap + 1 }, (_unused, back) => at - back).filter(
            (start) => start >= 0 && bare.startsWith(own, start),
          );
          expect(starts.length).toBeGreaterThan(0);
          at = Math.max(...starts.map((start) => start + own.length));
        }
        expect(at).toBe(bare.length);
      }),
    );
  });
});
