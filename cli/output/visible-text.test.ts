import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { oneLine, shorten, widthOf } from './visible-text.ts';

describe('oneLine', () => {
  it.each([
    ['plain 数据', 'plain 数据'],
    ['two\nlines\r\n', 'two lines'],
    ['\u001b[31mred\u001b[0m', '[31mred [0m'],
    ['to\u202eleft', 'to left'],
  ])('%j', (text, shown) => expect(oneLine(text)).toBe(shown));

  it('leaves nothing that moves the cursor, whatever it is given', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', ' ', '\n', '\r', '\u001b', '\u0000', '\u009b', '\u2028', '\u202e', '据', '\ud800') }),
        (text) => !/[\p{Cc}\u2028\u202e]/u.test(oneLine(text)),
      ),
    );
  });
});

describe('widthOf', () => {
  it.each([
    ['abc', 3],
    ['数据', 4],
    ['한국어', 6],
    ['e\u0301', 1],
    ['🍑', 2],
    ['', 0],
  ])('%j takes %i columns', (text, width) => expect(widthOf(text)).toBe(width));
});

describe('shorten', () => {
  it.each([
    ['short', 5, 'short'],
    ['longer', 5, 'long…'],
    ['数据数据', 5, '数据…'],
    ['数据数据', 6, '数据…'],
  ])('%j to %i', (text, columns, shown) => expect(shorten(text, columns)).toBe(shown));

  it('never exceeds the columns', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }),
        fc.integer({ min: 1, max: 20 }),
        (text, columns) => widthOf(shorten(text, columns)) <= columns,
      ),
    );
  });
});
