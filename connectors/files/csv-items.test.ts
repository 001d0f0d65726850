import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { csvItems } from './csv-items.ts';
import { linesOf, type FileLine } from './read-lines.ts';

const HEADER = 'a,b\n';
const begin = Buffer.byteLength(HEADER);

/** The items from a byte on, as places, kinds and fields. */
async function itemsFrom(content: Buffer, from: number, pieceBytes = 1000): Promise<readonly (readonly [number, string])[]> {
  const lines = (at: number): AsyncGenerator<FileLine, void> => linesOf(pieces(content.subarray(at), pieceBytes), { fromOffset: at });
  const options = { delimiter: ',', isFinal: true, takesLastRow: true, endsQuotes: true, onUnfinished: () => undefined };
  const items = csvItems({ rest: lines(from), beginning: from === 0 ? null : lines(0) }, options);
  const found: (readonly [number, string])[] = [];
  for await (const { record, next } of items) {
    const content = record?.content;
    const what = content === undefined ? 'blank' : content.ok ? JSON.stringify([...content.fields.values()]) : content.reason;
    found.push([next.offset, `${record?.offset ?? ''} ${what}`]);
  }
  return found;
}

async function* pieces(content: Buffer, size: number): AsyncGenerator<Buffer, void> {
  for (let at = 0; at < content.length; at += size) yield content.subarray(at, at + size);
}

describe('csvItems', () => {
  // Whatever is between the commas and quotes.
  const text = fc.string({ unit: fc.constantFrom('x', ',', '"', '\n', '\r\n', ' ', '举'), maxLength: 40 });

  it('leaves no byte out, and gives the same rest when it goes on at any place', async () => {
    await fc.assert(
      fc.asyncProperty(text, fc.integer({ min: 1, max: 20 }), async (body, pieceBytes) => {
        const content = Buffer.from(HEADER + body);
        const all = await itemsFrom(content, 0, pieceBytes);
        expect(all.at(-1)?.[0]).toBe(content.length);
        let last = 0;
        for (const [next, what] of all) {
          const offset = /^\d+/.exec(what)?.[0];
          expect(next).toBeGreaterThan(last);
          if (offset !== undefined) expect(Number(offset)).toBe(last);
          last = next;
        }
        const behindHeader = all.findIndex(([next]) => next === begin);
        for (const [i, [next]] of all.entries()) if (i >= behindHeader) expect(await itemsFrom(content, next)).toEqual(all.slice(i + 1));
      }),
      { numRuns: 200 },
    );
  });

  it('gives back any table that was written with quotes', async () => {
    const quoted = (cell: string): string => `"${cell.replaceAll('"', '""')}"`;
    const rows = fc.array(fc.tuple(text, text), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(rows, fc.integer({ min: 1, max: 30 }), async (table, pieceBytes) => {
        const body = table.map((cells) => `${cells.map(quoted).join(',')}\n`).join('');
        const [header, ...found] = await itemsFrom(Buffer.from(HEADER + body), 0, pieceBytes);
        expect(header).toEqual([begin, ' blank']);
        expect(found.map(([, what]) => what.replace(/^\d+ /, ''))).toEqual(table.map((cells) => JSON.stringify(cells)));
      }),
      { numRuns: 200 },
    );
  });
});
