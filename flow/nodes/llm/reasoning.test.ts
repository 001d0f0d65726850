import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitReasoning, withoutThoughts } from './reasoning.ts';

/** What graphon 0.8.0 made of a reply: the text, and the thoughts. */
const rows = JSON.parse(readFileSync(new URL('./fixtures/observed-reasoning.json', import.meta.url), 'utf8')) as readonly (readonly [
  string,
  string,
  string,
])[];

describe('splitReasoning', () => {
  it('has all rows', () => expect(rows.length).toBeGreaterThan(150));
  it.each(rows)('%j', (reply, text, reasoning) => expect(splitReasoning(reply)).toEqual({ text, reasoning }));

  it('leaves no complete block, and a reply without one as it is', () => {
    const piece = fc.constantFrom('<think>', '</think>', '<THINK x>', '{"a": 1}', ' ', '\n', 'text', '<');
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        expect(splitReasoning(pieces.join('')).text).not.toMatch(/<think>[\s\S]*<\/think>/);
      }),
    );
    expect(withoutThoughts('{"a": "b < c"}')).toBe('{"a": "b < c"}');
  });

  it.each([
    '<think>'.repeat(30_000),
    '<think '.repeat(30_000),
    '</think>'.repeat(30_000),
    `<think${' '.repeat(200_000)}`,
    '\n '.repeat(100_000),
  ])('is not slowed down by a hostile reply (%#)', (reply) => {
    const startedAt = performance.now();
    splitReasoning(reply);
    expect(performance.now() - startedAt).toBeLessThan(2000);
  });
});
