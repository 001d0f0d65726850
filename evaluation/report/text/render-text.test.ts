import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { reportInput } from '../test-report.ts';
import { cellWidth, cutToCells, padToCells } from './cell-width.ts';
import { renderText } from './render-text.ts';
import { besideEachOther, tableLines } from './text-table.ts';
import { wrapText } from './wrap.ts';

describe('cells', () => {
  it.each([
    ['abc', 3],
    ['垃圾短信', 8],
    ['ＡＢ', 4],
    ['e\u0301', 1],
    ['👍', 2],
    ['한글', 4],
    ['½ – “x”', 7],
    ['', 0],
  ])('%s takes %i', (text, width) => {
    expect(cellWidth(text)).toBe(width);
  });

  it('cuts and pads to cells', () => {
    expect(cutToCells('垃圾短信', 5)).toBe('垃圾…');
    expect(cutToCells('垃圾', 4)).toBe('垃圾');
    expect(padToCells('垃圾', 6)).toBe('垃圾  ');
    expect(padToCells('7', 3, 'right')).toBe('  7');
  });
});

describe('wrapText', () => {
  it('breaks at blanks, between wide characters, and in words that are too long', () => {
    expect(wrapText('one two three', 8, { rest: '  ' })).toEqual(['one two', '  three']);
    expect(wrapText('您的包裹无法投递', 10)).toEqual(['您的包裹无', '法投递']);
    expect(wrapText('abcdefghij', 4)).toEqual(['abcd', 'efgh', 'ij']);
    expect(wrapText('x y', 20, { first: '- ' })).toEqual(['- x y']);
    expect(wrapText('', 10)).toEqual(['']);
  });

  it('keeps to the width and loses nothing but blanks', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 4, max: 40 }), (text, width) => {
        const lines = wrapText(text.replace(/\s/g, ' '), width, { rest: '  ' });
        for (const line of lines) expect(cellWidth(line)).toBeLessThanOrEqual(width);
        expect(lines.join('').replace(/\s/g, '')).toBe(text.replace(/\s/g, ''));
      }),
    );
  });
});

describe('tables', () => {
  it('aligns by cells, also Chinese', () => {
    const lines = tableLines({
      head: ['', 'A', 'B'],
      rows: [
        ['垃圾', '1', '20'],
        ['spam!', '300', '4'],
      ],
    });
    expect(lines).toEqual(['         A   B', '垃圾     1  20', 'spam!  300   4']);
  });

  it('puts blocks beside each other while they fit', () => {
    const blocks = [['aa', 'a'], ['b'], ['cccc']];
    expect(besideEachOther(blocks, 80)).toEqual(['aa    b    cccc', 'a']);
    expect(besideEachOther(blocks, 8)).toEqual(['aa    b', 'a', '', 'cccc']);
  });
});

describe('renderText', () => {
  it('reads like this', () => {
    expect(
      renderText(reportInput({ notes: ['Flow B may race.'], text: '恭喜您获得一等奖 — click http://example.test now' }), { cases: 1 }),
    ).toMatchSnapshot();
  });

  it('keeps to the width', () => {
    const text = renderText(reportInput({ text: '长'.repeat(300), notes: ['word '.repeat(60)] }), { width: 72 });
    for (const line of text.split('\n')) expect(cellWidth(line)).toBeLessThanOrEqual(80);
    expect(text.endsWith('\n')).toBe(true);
  });

  it('lets no text act on the terminal', () => {
    const hostile = '\u001b]0;title\u0007\u001b[2J\u009b31m\r\u0008evil\u202e';
    const plain = renderText(reportInput({ text: hostile, label: hostile, prediction: `${hostile}!`, notes: [hostile] }));
    expect(plain).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    const coloured = renderText(reportInput({ text: hostile, label: hostile }), { color: true });
    expect(coloured.replace(/\u001b\[[0-9;]+m/g, '')).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
    expect(coloured).toContain('\u001b[1;32mPASS\u001b[0m');
  });

  it('has the verdict and the report path at the end', () => {
    const input = reportInput();
    const text = renderText({ ...input, summary: { ...input.summary, report: '/tmp/report.html' } });
    expect(text.trimEnd().split('\n').at(-1)).toBe('Report: /tmp/report.html');
    expect(text).toMatch(/\nPASS {2}B is at least/);
  });

  it.each([
    ['one variant', { variants: ['A'] }],
    ['three variants', { variants: ['A', 'B', 'C'] }],
    ['nothing finished', { options: { repeats: 2 } }],
  ])('has something to say for %s', (_, change) => {
    const text = renderText(reportInput(change));
    expect(text).toMatch(/PASS|FAIL|UNDECIDED/);
    expect(text).not.toMatch(/NaN|undefined|Infinity|\[object/);
  });
});
