import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMemoryHost, createMemoryStore, type MemoryHost, type MemoryStore } from '../memory/memory-host.ts';
import { describeSourceConnector } from '../source.contract.ts';
import { createDirectoryConnector } from './directory-connector.ts';

const fresh = (): string => mkdtempSync(join(tmpdir(), 'riskflow-folder-'));

describeSourceConnector('a folder', {
  knowsEnd: 'always',
  makeRig: async () => {
    const path = fresh();
    const file = join(path, 'reports.ndjson');
    return {
      partition: { topic: 'reports.ndjson', partition: 0 },
      connector: ({ follow = false } = {}) => createDirectoryConnector({ kind: 'directory', path, pattern: '*', follow, everyMs: 20 }),
      add: async (ids) => appendFileSync(file, ids.map((id) => `{"id":${id}}\n`).join('')),
      addBroken: async () => appendFileSync(file, 'oh\n'),
      close: async () => rmSync(path, { recursive: true }),
    };
  },
});

describe('createDirectoryConnector', () => {
  let path: string;
  beforeEach(() => {
    path = fresh();
  });
  afterEach(() => rmSync(path, { recursive: true, force: true }));
  const put = (name: string, ...ids: readonly number[]): void =>
    writeFileSync(join(path, name), ids.map((id) => `{"id":${id}}\n`).join(''));
  const connect = (given: { readonly follow?: boolean; readonly pattern?: string } = {}) =>
    createDirectoryConnector({ kind: 'directory', path, pattern: '*', follow: false, everyMs: 10, ...given });
  const short = (store: MemoryStore): readonly string[] =>
    store.records.map(
      ({ topic, incarnation, record: { content } }) =>
        `${topic} ${incarnation}: ${content.ok ? Number(content.fields.get('id')) : 'broken'}`,
    );
  const read = async (pattern = '*', store = createMemoryStore()): Promise<MemoryHost> => {
    const host = createMemoryHost({ store });
    await connect({ pattern }).run(host);
    return host;
  };

  it('reads every file in the order of their names, each as a topic of its own', async () => {
    put('b.ndjson', 3);
    put('a.ndjson', 1, 2);
    writeFileSync(join(path, 'c.csv.gz'), gzipSync('id\n4\n'));
    mkdirSync(join(path, 'd.ndjson'));
    put('.hidden.ndjson', 9);
    writeFileSync(join(path, 'notes.txt'), 'x');
    const host = await read();
    expect(short(host.store)).toEqual(['a.ndjson 1: 1', 'a.ndjson 1: 2', 'b.ndjson 1: 3', 'c.csv.gz 1: 4']);
    expect(host.notices).toEqual([`the name of ${join(path, 'notes.txt')} does not tell what is in it: it is left out`]);
    expect(await connect().ends(new AbortController().signal)).toEqual([
      { topic: 'a.ndjson', partition: 0, low: 0, end: 18 },
      { topic: 'b.ndjson', partition: 0, low: 0, end: 9 },
      { topic: 'c.csv.gz', partition: 0, low: 0, end: null },
    ]);
  });

  it.each([
    ['*.ndjson', ['a.ndjson', 'ab.ndjson', 'b+.ndjson']],
    ['a*', ['a.ndjson', 'ab.ndjson']],
    ['?.ndjson', ['a.ndjson']],
    ['b+.ndjson', ['b+.ndjson']],
    ['.*', ['.c.ndjson']],
    ['**.nd****', ['a.ndjson', 'ab.ndjson', 'b+.ndjson']],
  ])('reads the files that fit %s', async (pattern, expected) => {
    for (const name of ['a.ndjson', 'ab.ndjson', 'b+.ndjson', '.c.ndjson']) put(name, 1);
    expect((await read(pattern)).chunks.map((chunk) => chunk.topic)).toEqual(expected);
  });

  it('follows: what is added to files, new files, files that shrink, vanish and come again', async () => {
    put('a.ndjson', 1, 2);
    const host = createMemoryHost();
    const running = connect({ follow: true }).run(host);
    const has = (count: number): Promise<void> => host.until(() => host.store.records.length === count);
    await has(2);
    put('c.ndjson', 3);
    await has(3);
    appendFileSync(join(path, 'a.ndjson'), '{"id":4}\n');
    await has(4);
    put('c.tmp', 5, 6);
    renameSync(join(path, 'c.tmp'), join(path, 'b.ndjson'));
    await has(6);
    put('a.ndjson', 7);
    await has(7);
    rmSync(join(path, 'c.ndjson'));
    put('b.ndjson', 5, 6, 8);
    await has(8);
    put('c.ndjson', 3, 9);
    await has(9);
    host.abort();
    await running;
    expect(short(host.store)).toEqual([
      'a.ndjson 1: 1',
      'a.ndjson 1: 2',
      'c.ndjson 1: 3',
      'a.ndjson 1: 4',
      'b.ndjson 1: 5',
      'b.ndjson 1: 6',
      'a.ndjson 2: 7',
      'b.ndjson 1: 8',
      'c.ndjson 1: 9',
    ]);
    expect(host.late).toEqual([]);
  });

  it('reads the others where one cannot be read, and that one when it is mended', async () => {
    put('c.ndjson', 3);
    writeFileSync(join(path, 'a.csv'), 'id,id\n1,1\n');
    const host = createMemoryHost();
    const running = connect({ follow: true }).run(host);
    await host.until(() => host.store.records.length === 1);
    writeFileSync(join(path, 'a.csv'), 'id,text\n1,x\n');
    await host.until(() => host.store.records.length === 2);
    host.abort();
    await running;
    expect(short(host.store)).toEqual(['c.ndjson 1: 3', 'a.csv 1: 1']);
    expect(host.notices).toEqual([
      `${join(path, 'a.csv')} cannot be read: its header (line 1) has a fault: it names the column "id" twice; it is left until it changes`,
    ]);
  });

  it('fails in the end for a file that cannot be read, and says which', async () => {
    put('b.ndjson', 1);
    writeFileSync(join(path, 'a.ndjson.gz'), 'no gzip');
    const store = createMemoryStore();
    await expect(read('*', store)).rejects.toMatchObject({
      code: 'invalid_file',
      message: `one file of 2 in ${path} could not be read: ${join(path, 'a.ndjson.gz')} cannot be read: its packed data are damaged, or it is not a gzip file`,
    });
    expect(short(store)).toEqual(['b.ndjson 1: 1']);
  });

  it('says when the folder is not there; one that goes away while it follows is looked for again', async () => {
    const none = createDirectoryConnector({ kind: 'directory', path: join(path, 'none'), pattern: '*', follow: true, everyMs: 10 });
    await expect(none.run(createMemoryHost())).rejects.toMatchObject({
      code: 'not_found',
      message: `the folder ${join(path, 'none')} cannot be read: there is no such file`,
    });
    put('a.ndjson', 1);
    const host = createMemoryHost();
    const running = connect({ follow: true }).run(host);
    await host.until(() => host.store.records.length === 1);
    rmSync(path, { recursive: true });
    await host.until(() => host.notices.length === 1);
    mkdirSync(path);
    put('a.ndjson', 1, 2);
    await host.until(() => host.store.records.length === 2);
    host.abort();
    await running;
    expect(short(host.store)).toEqual(['a.ndjson 1: 1', 'a.ndjson 1: 2']);
  });
});
