import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseJson, type ObjectValue } from '../../schemas/index.ts';
import { ndjsonItems } from './ndjson-items.ts';
import { readLines, type ReadLinesOptions } from './read-lines.ts';

/** An item, with where it begins; what was told of the end of the file comes last. */
type NdjsonLine =
  | { readonly kind: 'record'; readonly offset: number; readonly next: number; readonly text: string; readonly fields: ObjectValue }
  | { readonly kind: 'broken'; readonly offset: number; readonly next: number; readonly bytes: Uint8Array; readonly reason: string }
  | { readonly kind: 'blank'; readonly offset: number; readonly next: number }
  | { readonly kind: 'unfinished'; readonly offset: number; readonly length: number };

async function* readNdjson(path: string, options: ReadLinesOptions = {}): AsyncGenerator<NdjsonLine, void> {
  let offset = options.fromOffset ?? 0;
  let length = 0;
  const items = ndjsonItems(readLines(path, options), { isFinal: false, onUnfinished: (bytes) => (length = bytes) });
  for await (const { record, next: place } of items) {
    const next = place.offset;
    if (record === null) yield { kind: 'blank', offset, next };
    else if (record.content.ok)
      yield { kind: 'record', offset: record.offset, next, text: record.content.text ?? '', fields: record.content.fields };
    else yield { kind: 'broken', offset: record.offset, next, bytes: record.bytes, reason: record.content.reason };
    offset = next;
  }
  if (length > 0) yield { kind: 'unfinished', offset, length };
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'riskflow-ndjson-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const file = (): string => join(folder, 'file.ndjson');

async function read(content: string | Uint8Array, options?: ReadLinesOptions): Promise<readonly NdjsonLine[]> {
  writeFileSync(file(), content);
  return Array.fromAsync(readNdjson(file(), options));
}

/** Each line as a short text: kind, place, and what it holds. */
const short = (line: NdjsonLine): string => {
  if (line.kind === 'unfinished') return `unfinished ${line.offset}+${line.length}`;
  const place = `${line.kind} ${line.offset}-${line.next}`;
  return line.kind === 'record' ? `${place} ${line.text}` : line.kind === 'broken' ? `${place} ${line.reason}` : place;
};

describe('ndjsonItems', () => {
  const bytes = (...parts: readonly (string | number)[]): Uint8Array =>
    Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.of(part))));
  const cases: readonly [string, string | Uint8Array, readonly string[]][] = [
    ['an empty file', '', []],
    ['records', '{"a":1}\n{"b":2}\n', ['record 0-8 {"a":1}', 'record 8-16 {"b":2}']],
    ['CRLF', '{"a":1}\r\n{"b":2}\r\n', ['record 0-9 {"a":1}', 'record 9-18 {"b":2}']],
    ['a byte order mark', '\ufeff{"a":1}\n', ['record 0-11 {"a":1}']],
    ['files joined together, each with its mark', '\ufeff{"a":1}\n\ufeff{"b":2}\n', ['record 0-11 {"a":1}', 'record 11-22 {"b":2}']],
    ['blank lines', '\n \t\r\n{"a":1}\n\n', ['record 5-13 {"a":1}', 'blank 13-14']],
    ['many blank lines', '\n'.repeat(2_500), ['blank 0-1000', 'blank 1000-2000', 'blank 2000-2500']],
    ['a blank that JSON does not know', '\u00a0\n', ['broken 0-3 it is not valid JSON: a JSON value was expected (column 1)']],
    ['broken JSON', '{"a":1\n{"b":2}\n', ['broken 0-7 it is not valid JSON: "," or "}" was expected (column 7)', 'record 7-15 {"b":2}']],
    ['two values in a line', '{"a":1}{"b":2}\n', ['broken 0-15 it is not valid JSON: there is more text after the JSON value (column 8)']],
    [
      'no object',
      '[1]\n"x"\nnull\n',
      ['broken 0-4 a JSON object was expected', 'broken 4-8 a JSON object was expected', 'broken 8-13 a JSON object was expected'],
    ],
    ['invalid UTF-8', bytes('{"a":"', 0xff, '"}\n{"b":2}\n'), ['broken 0-10 it is not valid UTF-8', 'record 10-18 {"b":2}']],
    [
      'a character cut in two by a line end',
      bytes('{"a":"', 0xe4, 0xb8, '\n{"b":2}\n'),
      ['broken 0-9 it is not valid UTF-8', 'record 9-17 {"b":2}'],
    ],
    [
      'nesting that would exhaust the stack',
      `${'['.repeat(300)}\n`,
      ['broken 0-301 it is not valid JSON: the JSON is nested deeper than 200 levels (column 202)'],
    ],
    ['a last object without a line end', '{"a":1}\n{"b":2}', ['record 0-8 {"a":1}', 'record 8-15 {"b":2}']],
    ['a last line that is not finished', '{"a":1}\n{"b":', ['record 0-8 {"a":1}', 'unfinished 8+5']],
    ['a last line that ends within a character', bytes('{"a":"', 0xe4, 0xb8), ['unfinished 0+8']],
    ['a last line of blanks', '{"a":1}\n  ', ['record 0-8 {"a":1}', 'blank 8-10']],
  ];
  it.each(cases)('%s', async (_, content, expected) => {
    expect((await read(content)).map(short)).toEqual(expected);
    // Where less is at hand more is told of blank lines, since nobody knows what is behind them.
    const told = (items: readonly string[]): readonly string[] => items.filter((item) => !item.startsWith('blank'));
    for (const chunkBytes of [1, 3]) expect(told((await read(content, { chunkBytes })).map(short))).toEqual(told(expected));
  });

  it('hands on the bytes of what it cannot decode', async () => {
    const [line] = await read(bytes('{', 0xff, '\n'));
    expect(line).toMatchObject({ kind: 'broken', bytes: Buffer.of(0x7b, 0xff) });
  });

  it('hands on the beginning of an over-long line, and goes on behind it', async () => {
    const lines = await read(`{"a":"${'x'.repeat(50)}"}\n{"b":2}\n`, { maxLineBytes: 10 });
    expect(lines.map(short)).toEqual(['broken 0-59 it is longer than 10 bytes, and was cut there', 'record 59-67 {"b":2}']);
    expect(lines[0]).toMatchObject({ bytes: Buffer.from('{"a":"xxxx') });
  });

  it('keeps integer and float apart and the order of keys', async () => {
    const [line] = await read('{"b":2.0,"a":9007199254740993}\n');
    expect(line).toMatchObject({
      kind: 'record',
      fields: new Map<string, unknown>([
        ['b', { float: 2 }],
        ['a', 9007199254740993n],
      ]),
    });
  });

  it('reads an unfinished line again when it is finished', async () => {
    const [first] = await read('{"a":1');
    expect(first).toEqual({ kind: 'unfinished', offset: 0, length: 6 });
    appendFileSync(file(), '}\n{"b":2}\n');
    expect((await Array.fromAsync(readNdjson(file(), { fromOffset: 0 }))).map(short)).toEqual([
      'record 0-8 {"a":1}',
      'record 8-16 {"b":2}',
    ]);
  });

  it('goes on behind a last object that had no line end when it was read', async () => {
    const [first] = await read('{"a":1}');
    appendFileSync(file(), '\n{"b":2}\n');
    const rest = await Array.fromAsync(readNdjson(file(), { fromOffset: first?.kind === 'record' ? first.next : -1 }));
    expect(rest.map(short)).toEqual(['record 8-16 {"b":2}']);
  });

  const objects = fc.array(fc.dictionary(fc.string({ unit: 'binary', maxLength: 8 }), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 4 }), {
    maxLength: 12,
  });
  const asJson = (object: unknown): string => JSON.stringify(object);

  it('gives back any list of objects, each where it stands', async () => {
    await fc.assert(
      fc.asyncProperty(
        objects,
        fc.constantFrom('\n', '\r\n'),
        fc.boolean(),
        fc.integer({ min: 1, max: 40 }),
        async (list, end, ended, chunkBytes) => {
          const text = list.map(asJson).join(end) + (ended && list.length > 0 ? end : '');
          const lines = await read(text, { chunkBytes });
          expect(lines.map((line) => (line.kind === 'record' ? line.text : line.kind))).toEqual(list.map(asJson));
          const content = Buffer.from(text);
          for (const [i, line] of lines.entries()) {
            if (line.kind !== 'record') continue;
            expect(content.subarray(line.offset, line.next).toString()).toBe(line.text + (i < lines.length - 1 || ended ? end : ''));
            expect(parseJson(line.text)).toEqual({ ok: true, value: line.fields });
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  it('yields exactly the rest when it goes on at any boundary', async () => {
    const line = fc.oneof(
      objects.map((list) => asJson(list[0] ?? {})),
      fc.constantFrom('', '  ', '{broken', '[1]', '{"中":"文"}'),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 10 }), fc.boolean(), async (list, ended) => {
        const lines = await read(list.join('\n') + (ended ? '\n' : ''));
        for (const [i, { kind, ...at }] of lines.entries()) {
          if (kind === 'unfinished' || !('next' in at)) continue;
          expect(await Array.fromAsync(readNdjson(file(), { fromOffset: at.next }))).toEqual(lines.slice(i + 1));
        }
      }),
      { numRuns: 100 },
    );
  });
});
