import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { utf8 } from '../../context.ts';
import { shownText } from './dead-letters.ts';

describe('shownText', () => {
  it.each([
    ['plain text', 'plain text'],
    ['中文 😀', '中文 😀'],
    ['tab\tbell\u0007 esc\u001b[31m', 'tab\\u0009bell\\u0007 esc\\u001b[31m'],
    ['C1 \u009b31m', 'C1 \\u009b31m'],
    ['right to left \u202e and hidden \u200b', 'right to left \\u202e and hidden \\u200b'],
    ['line \u2028 and paragraph \u2029', 'line \\u2028 and paragraph \\u2029'],
    ['a tag \u{e0041}', 'a tag \\u{e0041}'],
    ['x'.repeat(200), 'x'.repeat(200)],
    ['x'.repeat(201), `${'x'.repeat(200)}…`],
    ['😀'.repeat(201), `${'😀'.repeat(200)}…`],
    ['\u0000'.repeat(201), `${'\\u0000'.repeat(200)}…`],
  ])('%j', (text, expected) => {
    expect(shownText(utf8(text))).toBe(expected);
  });

  it('shows bytes that are no UTF-8 as the replacement character', () => {
    expect(shownText(Uint8Array.of(0x61, 0xff, 0x62))).toBe('a\ufffdb');
  });

  it('never lets a control character through, and never shows more than 200 characters', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1500 }), (bytes) => {
        const shown = shownText(bytes);
        expect(shown).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e]/u);
        expect(Array.from(shown.replaceAll(/\\u(?:[0-9a-f]{4}|\{[0-9a-f]+\})/g, 'x')).length).toBeLessThanOrEqual(201);
      }),
    );
  });
});
