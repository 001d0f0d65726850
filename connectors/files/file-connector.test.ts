import { appendFileSync, mkdtempSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toJsonText, type SourceRecord } from '../../schemas/index.ts';
import { createMemoryHost, createMemoryStore, type MemoryHost, type MemoryStore } from '../memory/memory-host.ts';
import { describeSourceConnector, type SourceRig } from '../source.contract.ts';
import { createFileConnector } from './file-connector.ts';

let folder: string;
let count = 0;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'riskflow-files-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const fresh = (name: string): string => join(folder, `${count++}-${name}`);
const line = (id: number): string => `{"id":${id},"text":"report ${id}"}\n`;
const row = (id: number): string => `${id},"report, ${id}"\n`;
const many = (ids: readonly number[], text: (id: number) => string): string => ids.map(text).join('');

const textRig = (name: string, header: string, text: (id: number) => string, broken: string) => async (): Promise<SourceRig> => {
  const path = fresh(name);
  writeFileSync(path, header);
  return {
    partition: { topic: path.slice(folder.length + 1), partition: 0 },
    connector: ({ follow = false } = {}) => createFileConnector({ kind: 'file', path, follow }, { everyMs: 20 }),
    add: async (ids) => appendFileSync(path, many(ids, text)),
    addBroken: async () => appendFileSync(path, broken),
    close: async () => rmSync(path),
  };
};
/** A gzip file may consist of several parts, one behind the other. */
const packedRig = (name: string, header: string, text: (id: number) => string, broken: string) => async (): Promise<SourceRig> => {
  const path = fresh(name);
  writeFileSync(path, gzipSync(header));
  return {
    partition: { topic: path.slice(folder.length + 1), partition: 0 },
    connector: ({ follow = false } = {}) => createFileConnector({ kind: 'file', path, follow }, { everyMs: 20 }),
    add: async (ids) => appendFileSync(path, gzipSync(many(ids, text))),
    addBroken: async () => appendFileSync(path, gzipSync(broken)),
    close: async () => rmSync(path),
  };
};

describeSourceConnector('an NDJSON file', { makeRig: textRig('a.ndjson', '', line, '{"id":\n'), knowsEnd: 'always' });
describeSourceConnector('a CSV file', { makeRig: textRig('a.csv', 'id,text\n', row, '7\n'), knowsEnd: 'always' });
describeSourceConnector('a packed NDJSON file', { makeRig: packedRig('a.jsonl.gz', '', line, '[1]\n'), knowsEnd: 'never' });
describeSourceConnector('a packed CSV file', { makeRig: packedRig('a.csv.gz', 'id,text\n', row, '1,2,3\n'), knowsEnd: 'never' });

/** A record as a short text: its place and its fields, or why there are none. */
const short = ({ offset, content }: SourceRecord): string =>
  `${offset} ${content.ok ? toJsonText(content.fields) : `broken: ${content.reason}`}`;
const recordsOf = (store: MemoryStore): readonly string[] => store.records.map(({ record }) => short(record));

async function readFile(path: string, store = createMemoryStore()): Promise<MemoryHost> {
  const host = createMemoryHost({ store });
  await createFileConnector({ kind: 'file', path, follow: false }).run(host);
  return host;
}
const read = async (name: string, content: string | Uint8Array): Promise<MemoryHost> => {
  const path = fresh(name);
  writeFileSync(path, content);
  return readFile(path);
};

describe('a CSV file', () => {
  const cases: readonly [string, string, readonly string[]][] = [
    ['an empty file', '', []],
    ['a header alone', 'a,b\n', []],
    ['a byte order mark, CRLF and quotes', '\ufeffa,b\r\n1,"x ""y"""\r\n', ['8 {"a":"1","b":"x \\"y\\""}']],
    ['line ends in quotes', 'a,b\n1,"x\ny\r\nz"\n2,w\n', ['4 {"a":"1","b":"x\\ny\\r\\nz"}', '15 {"a":"2","b":"w"}']],
    ['blank lines', '\na\n\n1\n\n', ['4 {"a":"1"}']],
    ['a last row without a line end', 'a,b\n1,2\n3,4', ['4 {"a":"1","b":"2"}', '8 {"a":"3","b":"4"}']],
    ['too many fields', 'a\n1,2\n3\n', ['2 broken: it has 2 fields, but the header has 1', '6 {"a":"3"}']],
    [
      'broken quoting',
      'a,b\n"x"y,1\n3,4\n',
      [
        '4 broken: its quoting is broken: behind a closing quote the field must end, and a quote within a quoted field is written twice',
        '11 {"a":"3","b":"4"}',
      ],
    ],
    ['a column that JavaScript knows otherwise', '__proto__,constructor\n1,2\n', ['22 {"__proto__":"1","constructor":"2"}']],
  ];
  it.each(cases)('reads %s', async (_, content, expected) => {
    const host = await read('x.csv', content);
    expect(recordsOf(host.store)).toEqual(expected);
    expect(host.notices).toEqual([]);
    expect(content === '' ? 0 : host.place(host.chunks[0] ?? { topic: '', partition: 0 })?.offset).toBe(Buffer.byteLength(content));
  });

  it('keeps the bytes of each row', async () => {
    const { store } = await read('x.csv', 'a,b\r\n1,"x\r\ny"\r\n2\r\n');
    expect(store.records.map(({ record }) => Buffer.from(record.bytes).toString())).toEqual(['1,"x\r\ny"', '2']);
  });

  it('leaves a row that its writer has not finished, and reads it when it is', async () => {
    const path = fresh('x.csv');
    writeFileSync(path, 'a,b\n1,2\n3');
    const store = createMemoryStore();
    const first = await readFile(path, store);
    expect(first.notices).toEqual([`the last 1 bytes of ${path} are a record without an end: they are read once it is finished`]);
    appendFileSync(path, ',4\n5,"six\n');
    const second = await readFile(path, store);
    expect(second.notices).toHaveLength(1);
    appendFileSync(path, 'seven"\n');
    const third = await readFile(path, store);
    expect(recordsOf(store)).toEqual(['4 {"a":"1","b":"2"}', '8 {"a":"3","b":"4"}', '12 {"a":"5","b":"six\\nseven"}']);
    expect(third.notices).toEqual([]);
  });

  it('loses one line to a quote that is never closed, not the rest of the file', async () => {
    const rest = Array.from({ length: 3000 }, (_, i) => `${i},${'y'.repeat(2000)}\n`).join('');
    const { store } = await read('x.csv', `a,b\n"x,1\n${rest}`);
    expect(store.records).toHaveLength(3001);
    expect(short(store.records[0]?.record as SourceRecord)).toBe('4 broken: a quote that is opened in it is not closed again');
    expect(Buffer.from(store.records[0]?.record.bytes ?? []).toString()).toBe('"x,1');
    expect(store.records.slice(1).every(({ record }) => record.content.ok)).toBe(true);
  });

  it('loses one line to it also at the end of a file in which nobody writes any more', async () => {
    const path = fresh('x.csv');
    writeFileSync(path, 'a,b\n1,2\n"x,1\n3,4\n5,6\n');
    const hourAgo = Date.now() / 1000 - 7200;
    utimesSync(path, hourAgo, hourAgo);
    const host = await readFile(path);
    expect(recordsOf(host.store)).toEqual([
      '4 {"a":"1","b":"2"}',
      '8 broken: a quote that is opened in it is not closed again',
      '13 {"a":"3","b":"4"}',
      '17 {"a":"5","b":"6"}',
    ]);
    expect(host.notices).toEqual([]);
  });

  it('follows: a last row without a line end waits for it, or until the file has not changed for a while', async () => {
    const path = fresh('x.csv');
    writeFileSync(path, 'a,b\n1,2\n3,4');
    const host = createMemoryHost();
    const running = createFileConnector({ kind: 'file', path, follow: true }, { everyMs: 10, quietMs: 3_600_000 }).run(host);
    await host.until(() => host.store.records.length === 1);
    appendFileSync(path, '5\n6,7');
    await host.until(() => host.store.records.length === 2);
    const hourAgo = Date.now() / 1000 - 7200;
    utimesSync(path, hourAgo, hourAgo);
    await host.until(() => host.store.records.length === 3);
    host.abort();
    await running;
    expect(recordsOf(host.store)).toEqual(['4 {"a":"1","b":"2"}', '8 {"a":"3","b":"45"}', '13 {"a":"6","b":"7"}']);
  });

  it.each([
    ['a,b,a\n1,2,3\n', 'its header (line 1) has a fault: it names the column "a" twice'],
    ['"a,b\n1,2\n', 'its header (line 1) has a fault: a quote that is opened in it is not closed again'],
  ])('refuses the header of %j', async (content, message) => {
    await expect(read('x.csv.gz', gzipSync(content))).rejects.toMatchObject({
      code: 'invalid_file',
      message: expect.stringContaining(message),
    });
  });

  it('reads tabs in a .tsv', async () => {
    expect(recordsOf((await read('x.tsv', 'a\tb\n1,5\t2\n')).store)).toEqual(['4 {"a":"1,5","b":"2"}']);
  });
});

describe('an NDJSON file', () => {
  it('reads marks, CRLF, blank lines and what is no object', async () => {
    const { store } = await read('x.ndjson', '\ufeff{"a":1}\r\n\r\n[1]\n{"b":12345678901234567890}');
    expect(recordsOf(store)).toEqual(['0 {"a":1}', '14 broken: a JSON object was expected', '18 {"b":12345678901234567890}']);
    expect(store.records[0]?.record.content).toMatchObject({ ok: true, text: '{"a":1}' });
    expect(Buffer.from(store.records[1]?.record.bytes ?? []).toString()).toBe('[1]');
  });

  it('takes lines of up to 5 MB, cuts longer ones, and keeps chunks small', async () => {
    const big = `{"a":"${'x'.repeat(5 * 1024 * 1024 - 8)}"}`;
    const { store, chunks } = await read('x.ndjson', `{"a":1}\n${big}\n${big.slice(0, -2)}xx"}\n{"a":2}\n`);
    expect(store.records.map(({ record: { content } }) => content.ok)).toEqual([true, true, false, true]);
    expect(chunks.map((chunk) => chunk.records.length)).toEqual([1, 1, 1, 1]);
    expect(store.records[2]?.record).toMatchObject({ content: { reason: 'it is longer than 5242880 bytes, and was cut there' } });
  });

  it('begins a file that has become shorter as another incarnation, also while it follows', async () => {
    const path = fresh('x.ndjson');
    writeFileSync(path, '{"a":1}\n{"a":2}\n');
    const host = createMemoryHost();
    const running = createFileConnector({ kind: 'file', path, follow: true }, { everyMs: 10 }).run(host);
    await host.until(() => host.store.records.length === 2);
    truncateSync(path);
    appendFileSync(path, '{"a":3}\n');
    await host.until(() => host.store.records.length === 3);
    rmSync(path);
    await host.until(() => host.notices.length === 1);
    writeFileSync(path, '{"a":4}\n{"a":5}\n{"a":6}\n');
    await host.until(() => host.store.records.length >= 5);
    host.abort();
    await running;
    expect(host.store.records.map(({ incarnation, record }) => `${incarnation}: ${short(record)}`)).toEqual([
      '1: 0 {"a":1}',
      '1: 8 {"a":2}',
      '2: 0 {"a":3}',
      // Put in place of a shorter one, it is read on from there: its beginning was read before, as far as sizes can tell.
      '2: 8 {"a":5}',
      '2: 16 {"a":6}',
    ]);
    expect(host.notices).toEqual([`${path} cannot be read: there is no such file; it is left until it changes`]);
    expect(host.reports.map((report) => report.state)).toEqual(['running', 'stopped']);
  });
});

describe('a packed file', () => {
  it('is begun again when it has less in it than was read', async () => {
    const path = fresh('x.ndjson.gz');
    writeFileSync(path, gzipSync('{"a":1}\n{"a":2}\n'));
    const store = createMemoryStore();
    await readFile(path, store);
    writeFileSync(path, gzipSync('{"a":3}\n'));
    await readFile(path, store);
    expect(store.records.map(({ incarnation, record }) => `${incarnation}: ${short(record)}`)).toEqual([
      '1: 0 {"a":1}',
      '1: 8 {"a":2}',
      '2: 0 {"a":3}',
    ]);
  });

  it('says that it was cut, and is read on when it is whole', async () => {
    const path = fresh('x.ndjson.gz');
    const whole = gzipSync(
      many(
        Array.from({ length: 5000 }, (_, i) => i),
        (id) => `{"id":${id},"r":"${Math.sin(id)}"}\n`,
      ),
    );
    writeFileSync(path, whole.subarray(0, whole.length - 2000));
    const store = createMemoryStore();
    await expect(readFile(path, store)).rejects.toMatchObject({
      code: 'invalid_file',
      message: `${path} cannot be read: it ends in the midst of its packed data: it was cut, or is still being written`,
    });
    expect(store.records.every(({ record }) => record.content.ok)).toBe(true);
    writeFileSync(path, whole);
    await readFile(path, store);
    expect(store.records).toHaveLength(5000);
    expect(new Set(store.records.map(({ record }) => record.offset)).size).toBe(5000);
  });

  it('waits for the rest of one that is being written, when it follows', async () => {
    const path = fresh('x.ndjson.gz');
    const whole = gzipSync('{"a":1}\n');
    writeFileSync(path, whole.subarray(0, 12));
    const host = createMemoryHost();
    const running = createFileConnector({ kind: 'file', path, follow: true }, { everyMs: 10 }).run(host);
    await host.until(() => host.notices.length === 1);
    writeFileSync(path, whole);
    await host.until(() => host.store.records.length === 1);
    host.abort();
    await running;
    expect(host.notices[0]).toContain('is still being written; it is left until it changes');
  });

  it('says that it is none', async () => {
    await expect(read('x.ndjson.gz', '{"a":1}\n')).rejects.toThrow('its packed data are damaged, or it is not a gzip file');
  });

  it('takes a last line that is not whole as broken, since nothing comes behind it', async () => {
    const host = await read('x.ndjson.gz', gzipSync('{"a":1}\n{"a":'));
    expect(recordsOf(host.store)[1]).toContain('8 broken: it is not valid JSON');
    expect(host.notices).toEqual([]);
  });
});

describe('createFileConnector', () => {
  const create = (path: string, format?: 'csv') =>
    createFileConnector({ kind: 'file', path, follow: false, ...(format === undefined ? {} : { format }) });
  it('says what is wrong with its settings and with a file that is not there', async () => {
    expect(() => create('/x/reports.txt')).toThrow('the name of /x/reports.txt does not tell what is in it');
    expect(() => create('/x/reports.txt', 'csv')).not.toThrow();
    expect(() => create(`/x/${'n'.repeat(200)}.csv`)).toThrow('is longer than 190 characters');
    const host = createMemoryHost();
    const path = join(folder, 'none.csv');
    await expect(create(path).run(host)).rejects.toMatchObject({
      code: 'not_found',
      message: `${path} cannot be read: there is no such file`,
    });
    expect(host.reports.at(-1)).toEqual({ task: '0', state: 'failed', trace: `${path} cannot be read: there is no such file` });
    await expect(create(folder, 'csv').run(createMemoryHost())).rejects.toThrow('is not a file');
    await expect(create(path).ends(new AbortController().signal)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('hands on what the host throws, once, as a failure of its task', async () => {
    const path = fresh('x.ndjson');
    writeFileSync(path, '{"a":1}\n');
    let calls = 0;
    const host = createMemoryHost({
      onDeliver: () => {
        calls++;
        throw new Error('the database is gone');
      },
    });
    await expect(create(path).run(host)).rejects.toThrow('the database is gone');
    expect(calls).toBe(1);
    expect(host.reports.at(-1)?.state).toBe('failed');
  });
});
