import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMemoryHost, createMemoryStore, type MemoryHost, type MemoryStore } from '../memory/memory-host.ts';
import { describeSourceConnector } from '../source.contract.ts';
import { createFileConnector } from './file-connector.ts';
import { tinyParquet } from './tiny-parquet.ts';

let folder: string;
let count = 0;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'riskflow-parquet-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describeSourceConnector('a Parquet file', {
  knowsEnd: 'always',
  makeRig: async () => {
    const name = `${count++}.parquet`;
    const path = join(folder, name);
    let all: readonly number[] = [];
    // Such a file is written anew when there is more of it, and put in place whole.
    const put = (): void => {
      writeFileSync(`${path}.new`, tinyParquet(all));
      renameSync(`${path}.new`, path);
    };
    put();
    return {
      partition: { topic: name, partition: 0 },
      connector: ({ follow = false } = {}) => createFileConnector({ kind: 'file', path, follow }, { everyMs: 20 }),
      add: async (ids) => {
        all = [...all, ...ids];
        put();
      },
      close: async () => rmSync(path),
    };
  },
});

/** Written by pyarrow: see fixtures/make-parquet.py. */
const fixture = (name: string): string => join(import.meta.dirname, 'fixtures', name);
async function read(path: string, store: MemoryStore = createMemoryStore()): Promise<MemoryHost> {
  const host = createMemoryHost({ store });
  await createFileConnector({ kind: 'file', path, follow: false }).run(host);
  return host;
}

describe('a Parquet file', () => {
  it('gives every kind of column its exact value', async () => {
    const { store } = await read(fixture('kinds.parquet'));
    const texts = store.records.map(({ record: { content, bytes } }) => [
      content.ok ? content.text : content.reason,
      Buffer.from(bytes).toString(),
    ]);
    const expected = [
      '{"id":1,"u64":18446744073709551615,"i32":-1,"text":"举报 😀","flag":true,"f":2.0,"f32":0.5,"price":"12.50","big":"12345678901234567890123456.789",' +
        '"whole":9007199254740993,"ms":"2026-01-31T08:00:00.123Z","us":"2026-01-31T08:00:00.123456Z","ns":"2026-01-31T08:00:00.123456789Z",' +
        '"local":"2026-01-31T08:00:00.123456","day":"2026-01-31","time":"08:30:00.125000","bytes":"/wA=","tags":["a","b"],"prices":["1.10",null],' +
        '"user":{"id":5,"address":{"city":"X","since":"2020-01-01T00:00:00.000Z"}},"items":[{"n":1,"amount":"0.01"}],"counts":{"a":1,"b":9007199254740993},"category":"x"}',
      '{"id":9007199254740993,"u64":0,"i32":2,"text":"","flag":false,"f":0.1,"f32":-2.0,"price":"-0.05","big":"-1.000","whole":-1,"ms":"1969-12-31T23:59:59.999Z",' +
        '"us":"1969-12-31T23:59:59.999999Z","ns":"1969-12-31T23:59:59.999999999Z","local":null,"day":"1960-02-29","time":"00:00:00.000000","bytes":"","tags":[],' +
        '"prices":[],"user":{"id":null,"address":null},"items":[],"counts":{},"category":"y"}',
      '{"id":null,"u64":1,"i32":null,"text":null,"flag":null,"f":null,"f32":null,"price":null,"big":null,"whole":null,"ms":null,"us":null,"ns":null,"local":null,' +
        '"day":null,"time":null,"bytes":null,"tags":null,"prices":null,"user":null,"items":null,"counts":null,"category":"x"}',
    ];
    expect(texts).toEqual(expected.map((text) => [text, text]));
  });

  it('reads several row groups and pages in order, also from the midst', async () => {
    const whole = await read(fixture('rows.parquet'));
    const ids = (store: MemoryStore): readonly unknown[] =>
      store.records.map(({ record: { content, offset } }) =>
        content.ok ? [offset, content.fields.get('id'), content.fields.get('tags')] : 'broken',
      );
    const expected = Array.from({ length: 6000 }, (_, i) => [i, i + 1, Array.from({ length: i % 3 }, () => 't')]);
    expect(ids(whole.store)).toEqual(expected);
    const store = createMemoryStore();
    store.places.set('["rows.parquet",0]', { incarnation: 1, offset: 4321, position: null });
    await read(fixture('rows.parquet'), store);
    expect(ids(store)).toEqual(expected.slice(4321));
  });

  it.each([
    ['cut', (bytes: Buffer) => bytes.subarray(0, -100)],
    ['something else', () => Buffer.from('id,text\n1,2\n')],
    ['damaged', (bytes: Buffer) => Buffer.concat([Buffer.alloc(3000, 0xff), bytes.subarray(3000)])],
  ])('says that it cannot be read: it is %s', async (_, change) => {
    const path = join(folder, `${count++}.parquet`);
    writeFileSync(path, change(readFileSync(fixture('kinds.parquet'))));
    await expect(read(path)).rejects.toMatchObject({
      code: 'invalid_file',
      message: expect.stringMatching(/\.parquet cannot be read: it is not a Parquet file that can be read: .+/),
    });
  });

  it('takes a file of no bytes for one that is about to be written', async () => {
    const path = join(folder, `${count++}.parquet`);
    writeFileSync(path, '');
    expect((await read(path)).chunks).toEqual([]);
  });
});
