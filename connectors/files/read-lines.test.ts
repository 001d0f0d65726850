import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readLines, type FileLine, type ReadLinesOptions } from './read-lines.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'riskflow-lines-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function linesOf(content: string | Uint8Array, options?: ReadLinesOptions): Promise<readonly FileLine[]> {
  const path = join(folder, 'file');
  writeFileSync(path, content);
  return Array.fromAsync(readLines(path, options));
}

const textOf = ({ bytes }: FileLine): string => Buffer.from(bytes).toString();

describe('readLines', () => {
  const cases: readonly [string, string, readonly (readonly [text: string, offset: number, next: number, ended: boolean])[]][] = [
    ['an empty file', '', []],
    [
      'LF',
      'a\nbc\n',
      [
        ['a', 0, 2, true],
        ['bc', 2, 5, true],
      ],
    ],
    [
      'CRLF',
      'a\r\nbc\r\n',
      [
        ['a', 0, 3, true],
        ['bc', 3, 7, true],
      ],
    ],
    [
      'both, and a CR within a line',
      'a\r\nb\rc\n',
      [
        ['a', 0, 3, true],
        ['b\rc', 3, 7, true],
      ],
    ],
    ['two CR before LF: only one belongs to the line end', 'a\r\r\n', [['a\r', 0, 4, true]]],
    [
      'no line end at the end',
      'a\nbc',
      [
        ['a', 0, 2, true],
        ['bc', 2, 4, false],
      ],
    ],
    [
      'a CR at the end, whose LF may still come',
      'a\nbc\r',
      [
        ['a', 0, 2, true],
        ['bc\r', 2, 5, false],
      ],
    ],
    [
      'blank lines',
      '\n\na\n',
      [
        ['', 0, 1, true],
        ['', 1, 2, true],
        ['a', 2, 4, true],
      ],
    ],
    [
      'offsets count bytes',
      'é\n中\n',
      [
        ['é', 0, 3, true],
        ['中', 3, 7, true],
      ],
    ],
  ];
  it.each(cases)('%s', async (_, content, expected) => {
    for (const chunkBytes of [1, 2, 3, 64]) {
      const lines = await linesOf(content, { chunkBytes });
      expect(lines.map((line) => [textOf(line), line.offset, line.next, line.ended])).toEqual(expected);
      expect(lines.map((line) => line.number)).toEqual(expected.map((_line, i) => i + 1));
    }
  });

  it('goes on from an offset', async () => {
    const lines = await linesOf('a\nbc\nd\n', { fromOffset: 2 });
    expect(lines.map((line) => [line.number, textOf(line), line.offset, line.next])).toEqual([
      [1, 'bc', 2, 5],
      [2, 'd', 5, 7],
    ]);
    expect(await linesOf('a\n', { fromOffset: 2 })).toEqual([]);
    expect(await linesOf('a\n', { fromOffset: 99 })).toEqual([]);
  });

  it.each([
    ['exactly the limit', '12345\nb\n', '12345', false],
    ['exactly the limit, CRLF', '12345\r\nb\n', '12345', false],
    ['one more', '123456\nb\n', '12345', true],
    ['one more, CRLF', '123456\r\nb\n', '12345', true],
    ['a CR where it is cut', '1234\r6\nb\n', '1234\r', true],
    ['much more', `${'x'.repeat(1000)}\nb\n`, 'xxxxx', true],
  ])('cuts what is longer than the limit: %s', async (_, content, text, cut) => {
    for (const chunkBytes of [1, 4, 5, 6, 64]) {
      const [first, second] = await linesOf(content, { maxLineBytes: 5, chunkBytes });
      expect(first).toMatchObject({ cut, ended: true, offset: 0, next: content.indexOf('\n') + 1 });
      expect(first && textOf(first)).toBe(text);
      expect(second).toMatchObject({ cut: false, number: 2, offset: content.indexOf('\n') + 1 });
    }
  });

  it('gives back every byte, whatever the sizes of chunks', async () => {
    const bytes = fc.array(fc.constantFrom(10, 13, 65, 0, 0xe4, 0xb8, 0xad), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(bytes, fc.integer({ min: 1, max: 9 }), async (content, chunkBytes) => {
        const lines = await linesOf(Uint8Array.from(content), { chunkBytes });
        const ends = lines.map(({ next, offset, bytes: { length }, ended }) =>
          ended ? (next - offset - length === 2 ? [13, 10] : [10]) : [],
        );
        expect(lines.flatMap((line, i) => [...line.bytes, ...(ends[i] ?? [])])).toEqual(content);
        expect(lines.map((line) => line.offset)).toEqual([0, ...lines.map((line) => line.next)].slice(0, lines.length));
      }),
      { numRuns: 200 },
    );
  });

  it('throws what the file system throws', async () => {
    await expect(Array.fromAsync(readLines(join(folder, 'none')))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
