import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCsv } from './read-csv.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'riskflow-csv-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Columns, then each row as its line and its fields, or its line and what is wrong. */
async function read(
  content: string | Uint8Array,
  delimiter?: string,
): Promise<{ readonly columns: unknown; readonly rows: readonly unknown[] }> {
  const path = join(folder, 'table.csv');
  writeFileSync(path, content);
  const table = await readCsv(path, delimiter === undefined ? {} : { delimiter });
  const rows = await Array.fromAsync(table.rows, (row) =>
    row.ok ? [row.line, ...row.fields.values()] : [row.line, { error: row.message }],
  );
  return { columns: table.columns, rows };
}

const error = (message: string): { readonly error: string } => ({ error: message });
const QUOTING = error(
  'its quoting is broken: behind a closing quote the field must end, and a quote within a quoted field is written twice',
);

describe('readCsv', () => {
  const cases: readonly [string, string | Uint8Array, readonly string[], readonly unknown[]][] = [
    [
      'plain rows',
      'a,b\n1,2\n3,4\n',
      ['a', 'b'],
      [
        [2, '1', '2'],
        [3, '3', '4'],
      ],
    ],
    ['no line end at the end', 'a,b\n1,2', ['a', 'b'], [[2, '1', '2']]],
    ['an empty file', '', [], []],
    ['only a byte order mark', '\ufeff', [], []],
    ['only a header', 'a,b\n', ['a', 'b'], []],
    ['a byte order mark', '\ufeffa,b\n1,2\n', ['a', 'b'], [[2, '1', '2']]],
    ['a byte order mark before a quote', '\ufeff"a",b\n1,2\n', ['a', 'b'], [[2, '1', '2']]],
    ['blanks around column names', ' a , b\n1,2\n', ['a', 'b'], [[2, '1', '2']]],
    ['blanks in fields stay', 'a,b\n 1 , 2\n', ['a', 'b'], [[2, ' 1 ', ' 2']]],
    [
      'empty fields',
      'a,b\n,\n"",\n',
      ['a', 'b'],
      [
        [2, '', ''],
        [3, '', ''],
      ],
    ],
    ['quotes and delimiters in quoted fields', 'a,b\n"x ""q"" y","p,q"\n', ['a', 'b'], [[2, 'x "q" y', 'p,q']]],
    [
      'quotes within an unquoted field',
      'a,b\n5" pipe,3\n6" pipe,4\n',
      ['a', 'b'],
      [
        [2, '5" pipe', '3'],
        [3, '6" pipe', '4'],
      ],
    ],
    ['a quoted header over two lines', '"a\nb",c\n1,2\n', ['a\nb', 'c'], [[3, '1', '2']]],
    [
      'line ends in fields count for the lines behind them',
      'a,b\n"1\n2",x\n"3\n\n4",y\n5,6\n',
      ['a', 'b'],
      [
        [2, '1\n2', 'x'],
        [4, '3\n\n4', 'y'],
        [7, '5', '6'],
      ],
    ],
    [
      'CRLF, also in a field, where it stays',
      'a,b\r\n"x\r\ny",4\r\n5,6\r\n',
      ['a', 'b'],
      [
        [2, 'x\r\ny', '4'],
        [4, '5', '6'],
      ],
    ],
    ['a lone LF in a field of a CRLF file', 'a,b\r\n"x\ny",4\r\n', ['a', 'b'], [[2, 'x\ny', '4']]],
    [
      'lines that end with CR alone',
      'a,b\r1,2\r3,4\r',
      ['a', 'b'],
      [
        [2, '1', '2'],
        [3, '3', '4'],
      ],
    ],
    [
      'blank lines before, between and behind',
      '\n\na,b\n\n1,2\n  \n3,4\n\n',
      ['a', 'b'],
      [
        [5, '1', '2'],
        [7, '3', '4'],
      ],
    ],
    [
      'one column: an empty value is quoted, a blank line is nothing',
      'a\n""\n\nx\n',
      ['a'],
      [
        [2, ''],
        [4, 'x'],
      ],
    ],
    [
      'too many fields',
      'a,b\n1,2,3\n4,5\n',
      ['a', 'b'],
      [
        [2, error('it has 3 fields, but the header has 2')],
        [3, '4', '5'],
      ],
    ],
    [
      'too few fields',
      'a,b\n1\n4,5\n',
      ['a', 'b'],
      [
        [2, error('it has 1 field, but the header has 2')],
        [3, '4', '5'],
      ],
    ],
    ['wrong count behind a field with line ends', 'a,b\n"1\n2",x,y\n', ['a', 'b'], [[2, error('it has 3 fields, but the header has 2')]]],
    [
      'text behind a closing quote spoils one row',
      'a,b\n1,2\n"x"y,3\n4,5\n',
      ['a', 'b'],
      [
        [2, '1', '2'],
        [3, QUOTING],
        [4, '4', '5'],
      ],
    ],
    [
      'a quote never closed',
      'a,b\n1,2\n"x,3\n4,5\n',
      ['a', 'b'],
      [
        [2, '1', '2'],
        [3, error('a quote that is opened in it is not closed before the end of the file')],
      ],
    ],
    [
      'Latin-1 spoils one row',
      Buffer.from('a,b\n1,2\ncaf\xe9,3\n4,5\n', 'latin1'),
      ['a', 'b'],
      [
        [2, '1', '2'],
        [3, error('it is not valid UTF-8')],
        [4, '4', '5'],
      ],
    ],
    [
      'Latin-1 within a field of several lines',
      Buffer.from('a,b\n"x\ncaf\xe9\ny",3\n4,5\n', 'latin1'),
      ['a', 'b'],
      [
        [2, error('it is not valid UTF-8')],
        [5, '4', '5'],
      ],
    ],
  ];
  it.each(cases)('%s', async (_, content, columns, rows) => {
    expect(await read(content)).toEqual({ columns, rows });
  });

  it('reads tabs when asked to', async () => {
    expect(await read('a\tb\tc\n1,2\t\t"x\ty"\n\t\t\n', '\t')).toEqual({
      columns: ['a', 'b', 'c'],
      rows: [
        [2, '1,2', '', 'x\ty'],
        [3, '', '', ''],
      ],
    });
  });

  it.each([
    ['UTF-16', Buffer.from('\ufeffa,b\n1,2\n', 'utf16le'), 'its header (line 1) has a fault: it is not valid UTF-8'],
    [
      'a quote never closed',
      '\n"a,b\n1,2\n',
      'its header (line 2) has a fault: a quote that is opened in it is not closed before the end of the file',
    ],
  ])('refuses a header it cannot read: %s', async (_, content, message) => {
    await expect(read(content)).rejects.toMatchObject({ code: 'invalid_file', message });
  });

  it('says the right line far into a file of many batches', async () => {
    const good = Array.from({ length: 20_000 }, (_, i) => `${i},"some ""text"""`).join('\n');
    const { rows } = await read(`id,text\n${good}\n"broken"x,1\n7,8\n`);
    expect(rows).toHaveLength(20_002);
    expect(rows[19_999]).toEqual([20_001, '19999', 'some "text"']);
    expect(rows.slice(-2)).toEqual([
      [20_002, QUOTING],
      [20_003, '7', '8'],
    ]);
  });

  it('throws what the file system throws', async () => {
    await expect(readCsv(join(folder, 'none.csv'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('gives back any table that was written with quotes', async () => {
    const cell = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r\n', ' ', 'é', '中', '😀', '\t'), maxLength: 6 });
    const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(cell, cell), { maxLength: 15 }), fc.constantFrom('\n', '\r\n'), async (table, end) => {
        const text = [['x', 'y'], ...table].map((cells) => cells.map(quoted).join(',') + end).join('');
        const { rows } = await read(text);
        let line = 2;
        const expected = table.map((cells) => {
          const row = [line, ...cells];
          line += 1 + cells.join('').split('\n').length - 1;
          return row;
        });
        expect(rows).toEqual(expected);
      }),
      { numRuns: 150 },
    );
  });
});
