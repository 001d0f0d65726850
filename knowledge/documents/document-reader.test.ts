import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import type { DocumentText } from '../../schemas/core.ts';
import { createDocumentReader } from './document-reader.ts';
import { makeDocx, makeEpub, makeOdt, makePptx, makeXlsx } from './testing/make-office.ts';
import { makePdf, makePdfBomb } from './testing/make-pdf.ts';
import { makeZip } from './testing/make-zip.ts';

const reader = createDocumentReader({ limits: { maxUnpackedBytes: 4_000_000, maxPages: 5, memoryMb: 64 } });
afterAll(() => reader.close());

const { signal } = new AbortController();
const read = (name: string, content: string | Uint8Array, mimeType: string | null = null): Promise<DocumentText> =>
  reader.read({ name, extension: null, mimeType, bytes: typeof content === 'string' ? Buffer.from(content) : content }, { signal });
const text = async (...args: Parameters<typeof read>): Promise<string> => {
  const result = await read(...args);
  return result.ok ? result.text : `${result.type}: ${result.message}`;
};

const p = (words: string): string => `<w:p><w:r><w:t>${words}</w:t></w:r></w:p>`;
const tc = (words: string, properties = ''): string => `<w:tc><w:tcPr>${properties}</w:tcPr>${p(words)}</w:tc>`;
const cell = (at: string, value: string, more = ''): string => `<c r="${at}" ${more}><v>${value}</v></c>`;
const slide = (...lines: readonly string[]): string =>
  `<p:sp><p:txBody>${lines.map((line) => `<a:p><a:r><a:t>${line}</a:t></a:r></a:p>`).join('')}</p:txBody></p:sp>`;

describe('the text of a document', () => {
  it.each<readonly [string, string, string | Uint8Array, string]>([
    ['plain text', 'a.txt', 'Grüße\n第二行', 'Grüße\n第二行'],
    ['HTML as it is written, as in Dify', 'a.html', '<p>x</p>', '<p>x</p>'],
    [
      'JSON with indent, floats and long integers kept',
      'a.json',
      '{"b":[1.0,12345678901234567890],"a":{}}',
      '{\n  "b": [\n    1.0,\n    12345678901234567890\n  ],\n  "a": {}\n}',
    ],
    ['YAML in block style', 'a.yaml', 'a: {b: [1, x]}\n---\n- 2', 'a:\n  b:\n  - 1\n  - x\n---\n- 2\n'],
    [
      'CSV as a table, a quote left open and all',
      'a.csv',
      'name,"a ""b"""\r\n"x\ny",1\n\n中,"2',
      '| name | a "b" |\n| ---- | ----- |\n| x y | 1 |\n|  |\n| 中 | 2 |\n',
    ],
    ['properties', 'a.properties', '# c\na = 1\nb:2\nc', '# c\na: 1\nb: 2\nc: '],
    ['a PDF', 'a.pdf', makePdf([['Hello (world)', 'line two'], ['page two']]), 'Hello (world)\nline two\npage two'],
    [
      'a Word document in its order, with merged cells',
      'a.docx',
      makeDocx(
        `${p('first &amp; 第一')}<w:tbl><w:tr>${tc('head', '<w:gridSpan w:val="2"/>')}</w:tr><w:tr>${tc('x', '<w:vMerge w:val="restart"/>')}${tc('1')}</w:tr><w:tr>${tc('', '<w:vMerge/>')}${tc('2')}</w:tr></w:tbl><w:p><w:r><w:t>a</w:t><w:tab/><w:t>b</w:t><w:br/><w:delText>gone</w:delText></w:r></w:p>`,
      ),
      'first & 第一\n| head | head |\n| --- | --- |\n| x | 1 |\n| x | 2 |\n\na\tb\n',
    ],
    ['slides in their order', 'a.pptx', makePptx([slide('One', ' ', 'more'), slide('Two')]), 'One\nmore\n\nTwo'],
    [
      'an OpenDocument text',
      'a.odt',
      makeOdt('<text:h>H</text:h><text:p>a<text:s text:c="2"/>b<text:tab/>c<text:line-break/>d</text:p>'),
      'H\na  b\tc\nd',
    ],
    ['a book', 'a.epub', makeEpub(['<h1>One</h1><p>a <b>b</b><script>no()</script></p>', '<ul><li>x<li>y</ul>']), 'One\na b\nx\ny'],
    [
      'a mail by its HTML',
      'a.eml',
      'Subject: s\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>Dear <i>you</i></p><p>&auml;</p>',
      'Dear you\nä',
    ],
    ['a mail by its text', 'a.eml', 'Subject: s\r\n\r\none\r\n\r\n  two\r\n', 'one\ntwo'],
    ['a PDF under a wrong name', 'a.txt', makePdf([['Hello']]), 'Hello'],
    ['a Word document without a name', '', makeDocx(p('x')), 'x'],
  ])('%s', async (_, name, content, wanted) => {
    expect(await text(name, content)).toBe(wanted);
  });

  it('goes by the mime type where there is no extension, and captions are read then', async () => {
    const captions =
      'WEBVTT\n\n1\n00:01.000 --> 00:02.000\n<v Ann>Hi\n\n00:02.000 --> 00:03.000\n<v Ann>there\n\n00:00:03.000 --> 00:00:04.000\n<v Bob>Yes <i>so</i>';
    expect(await text('talk', captions, 'text/vtt; charset=utf-8')).toBe('Ann "Hi there"\nBob "Yes so"');
    expect(await text('talk.vtt', captions, 'text/vtt')).toBe(captions);
  });

  it('is a table for each sheet, with numbers as pandas prints them', async () => {
    const sheets = {
      A: `<row r="1">${cell('A1', '0', 't="s"')}${cell('B1', '1', 't="s"')}${cell('C1', '0', 't="s"')}</row><row r="2">${cell('A2', '7')}${cell('B2', '45000.5', 's="1"')}${cell('C2', '1', 't="b"')}</row><row r="4">${cell('A4', '8')}${cell('C4', '2', 't="s"')}</row>`,
      B: `<row r="1">${cell('A1', '0', 't="s"')}</row><row r="2">${cell('A2', '12')}</row><row r="3">${cell('A3', '1e20')}</row>`,
    };
    // The second data row is empty: it makes floats of A and is left out.
    expect(await text('a.xlsx', makeXlsx(sheets, ['na\nme', 'when', '007']))).toBe(
      '| na me | when | na me.1 |\n' +
        '| ----- | ---- | ------- |\n| 7.0 | 2023-03-15 12:00:00 | True |\n| 8.0 | NaT | 007 |\n\n' +
        '| na me |\n| ----- |\n| 12 |\n| 100000000000000000000 |\n\n',
    );
  });

  it.each<readonly [string, readonly number[] | Uint8Array, string]>([
    ['UTF-8 with a mark', [0xef, 0xbb, 0xbf, 0x61], 'a'],
    ['UTF-16 with a mark', [0xff, 0xfe, 0x61, 0, 0x2d, 0x4e], 'a中'],
    ['UTF-16 without', Buffer.from('plain words', 'utf16le'), 'plain words'],
    ['GB 18030', [0xd6, 0xd0, 0xce, 0xc4, 0xa3, 0xac, 0xb2, 0xe2, 0xca, 0xd4], '中文，测试'],
    ['Latin-1', [0x63, 0x61, 0x66, 0xe9, 0x20, 0xfc, 0x62, 0x65, 0x72], 'café über'],
    ['nothing', [], ''],
  ])('is found in %s', async (_, bytes, wanted) => {
    expect(await text('a.txt', Uint8Array.from(bytes))).toBe(wanted);
  });
});

describe('a document that cannot be read', () => {
  const zeros = new Uint8Array(20_000_000);
  it.each<readonly [string, string, string | Uint8Array, string]>([
    [
      'of Office before 2007',
      'a.doc',
      'x',
      'UnsupportedFileTypeError: the file "a.doc" cannot be read: files of the type .doc are not supported: save it as .docx or PDF',
    ],
    ['of Outlook', 'm.msg', 'x', 'save it as .eml'],
    [
      'of an old format under a new name',
      'a.docx',
      Uint8Array.from([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]),
      'Office before 2007 or an encrypted one',
    ],
    ['of an unknown type', 'a.bin', 'x', 'files of the type .bin are not supported'],
    ['that says nothing of itself', '', 'x', 'files of the type unknown are not supported'],
    ['an archive of other things', 'a.zip', makeZip([{ name: 'a.exe', content: 'x' }]), 'it is an archive and no document'],
    ['a damaged PDF', 'a.pdf', '%PDF-1.7 and no more', 'TextExtractionError: the file "a.pdf" cannot be read: it is a damaged PDF'],
    ['a name that lies', 'a.docx', 'plain words', 'damaged or no such document'],
    ['cut off', 'a.docx', makeDocx(p('x')).slice(0, 300), 'damaged or no such document'],
    ['a book of sheets that is none', 'a.docx', makeXlsx({ A: '' }), 'the part word/document.xml is missing in it'],
    ['bad JSON', 'a.json', '{"a": }', 'it is no JSON: a JSON value was expected (line 1, column 7)'],
    ['bad YAML', 'a.yaml', 'a: [1', 'it is no YAML'],
    [
      'a YAML bomb',
      'a.yaml',
      `a0: &a0 [x, x]\n${Array.from({ length: 12 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}, *a${i}]`).join('\n')}`,
      'alias count',
    ],
    [
      'a bomb',
      'a.docx',
      makeZip([{ name: 'word/document.xml', content: zeros }]),
      'unpacks to more than 4000000 bytes (setting documents.maxUnpackedBytes)',
    ],
    [
      'a bomb that says it is small',
      'a.docx',
      makeZip([{ name: 'word/document.xml', content: zeros, claims: 100 }]),
      'its part word/document.xml is damaged',
    ],
    [
      'many small files that are a bomb',
      'a.epub',
      makeEpub(Array.from({ length: 60 }, () => ' '.repeat(100_000))),
      'unpacks to more than 4000000 bytes',
    ],
    [
      'very many files',
      'a.docx',
      makeZip(Array.from({ length: 10_001 }, (_, i) => ({ name: `f${i}`, content: '' }))),
      'more than 10000 files',
    ],
    ['nested without end', 'a.docx', makeDocx('<w:sdt>'.repeat(100_000)), 'nested more than 1000 deep'],
    [
      'a sheet with one cell at its far end',
      'a.xlsx',
      makeXlsx({ A: `<row r="1048576">${cell('XFD1048576', '1')}</row>` }),
      'more cells than can be read',
    ],
    [
      'too many pages',
      'a.pdf',
      makePdf(Array.from({ length: 6 }, () => ['x'])),
      'it has 6 pages, and at most 5 are read (setting documents.maxPages)',
    ],
    [
      'too long a text',
      'a.txt',
      'x'.repeat(400_001),
      'DocumentTooLargeError: the file "a.txt" cannot be read: its text has 400001 characters',
    ],
    ['too large a file', 'a.txt', new Uint8Array(15 * 1024 * 1024 + 1), '(setting documents.maxFileBytes)'],
  ])('%s', async (_, name, content, wanted) => {
    expect(await text(name, content)).toContain(wanted);
  });

  it('does not unfold entities that a document defines', async () => {
    const bomb = `<!DOCTYPE x [<!ENTITY a "${'x'.repeat(1000)}"><!ENTITY b "${'&a;'.repeat(1000)}">]>`;
    const read = await text('a.odt', makeZip([{ name: 'content.xml', content: `${bomb}<d><text:p>&b;</text:p></d>` }]));
    expect(read).toBe('&b;');
  });

  it('ends what takes too long or too much memory, and the next document is read', async () => {
    const strict = createDocumentReader({ limits: { timeoutMs: 1, memoryMb: 16, maxUnpackedBytes: 200_000_000 }, threads: 1 });
    const patient = createDocumentReader({ limits: { memoryMb: 16, maxUnpackedBytes: 200_000_000 }, threads: 1 });
    const large = makeXlsx(
      {
        A: Array.from(
          { length: 60_000 },
          (_, i) => `<row r="${i + 1}">${cell(`A${i + 1}`, '0', 't="s"')}${cell(`AD${i + 1}`, '1')}</row>`,
        ).join(''),
      },
      ['x'],
    );
    const document = { name: 'a.xlsx', extension: '.xlsx', mimeType: null, bytes: large };
    try {
      expect(await strict.read(document, { signal })).toMatchObject({ ok: false, type: 'DocumentTimeoutError' });
      expect(await patient.read(document, { signal })).toMatchObject({
        ok: false,
        type: 'DocumentTooLargeError',
        message: expect.stringContaining('16 MB of memory') as string,
      });
      expect(await patient.read({ ...document, name: 'a.txt', extension: '.txt', bytes: Buffer.from('next') }, { signal })).toEqual({
        ok: true,
        text: 'next',
      });
    } finally {
      await strict.close();
      await patient.close();
    }
  });

  it('ends a PDF that unpacks to far more than it is, whatever of it lies outside of the heap', async () => {
    const bomb = makePdfBomb(300_000_000);
    expect(bomb.length).toBeLessThan(3_000_000);
    expect(await text('a.pdf', bomb)).toContain('reading it takes more than 64 MB of memory (setting documents.memoryMb)');
    expect(await text('b.txt', 'next')).toBe('next');
  }, 20_000);

  it('is a failure whatever its bytes are, or is read after all', async () => {
    const whole = [
      makeDocx(p('some words')),
      makeXlsx({ A: `<row r="1">${cell('A1', '1')}</row>` }),
      makePdf([['words']]),
      makeEpub(['<p>x</p>']),
    ];
    const damage = fc.record({
      file: fc.nat(whole.length - 1),
      at: fc.double({ min: 0, max: 0.999, noNaN: true }),
      bytes: fc.uint8Array({ minLength: 1, maxLength: 8 }),
    });
    await fc.assert(
      fc.asyncProperty(damage, async ({ file, at, bytes }) => {
        const broken = Uint8Array.from(whole[file] ?? []);
        broken.set(bytes, Math.min(Math.floor(at * broken.length), broken.length - bytes.length));
        const result = await read('', broken);
        expect(typeof (result.ok ? result.text : result.message)).toBe('string');
      }),
      { numRuns: 150 },
    );
  }, 60_000);

  it('stops at an abort', async () => {
    const aborter = new AbortController();
    const reading = reader.read({ name: 'a.txt', extension: null, mimeType: null, bytes: Buffer.from('x') }, { signal: aborter.signal });
    aborter.abort(new Error('enough'));
    await expect(reading).rejects.toThrow('enough');
    expect(await text('b.txt', 'still here')).toBe('still here');
  });
});
