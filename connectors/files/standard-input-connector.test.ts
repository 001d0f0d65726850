import { PassThrough, Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { toJsonText } from '../../schemas/index.ts';
import { createMemoryHost, createMemoryStore, type MemoryStore } from '../memory/memory-host.ts';
import { createStandardInputConnector } from './standard-input-connector.ts';

const connect = (input: Readable, format: 'ndjson' | 'csv' = 'ndjson') =>
  createStandardInputConnector({ kind: 'stdin', format }, { input });
const short = (store: MemoryStore): readonly string[] =>
  store.records.map(
    ({ incarnation, record: { offset, content } }) =>
      `${incarnation}: ${offset} ${content.ok ? toJsonText(content.fields) : `broken: ${content.reason}`}`,
  );

describe('standard input', () => {
  it('reads NDJSON to the end, whatever the pieces; a last line without a line end counts', async () => {
    const host = createMemoryHost();
    await connect(Readable.from([Buffer.from('{"a":'), Buffer.from('1}\n\n[]\n{"a"'), Buffer.from(':2}\n{"a":3')])).run(host);
    expect(short(host.store)).toEqual([
      '1: 0 {"a":1}',
      '1: 9 broken: a JSON object was expected',
      '1: 12 {"a":2}',
      '1: 20 broken: it is not valid JSON: "," or "}" was expected (column 7)',
    ]);
    expect(host.place({ topic: 'stdin', partition: 0 })).toEqual({ incarnation: 1, offset: 26, position: null });
    expect(host.reports.map((report) => report.state)).toEqual(['running', 'stopped']);
  });

  it('reads CSV', async () => {
    const host = createMemoryHost();
    await connect(Readable.from([Buffer.from('a,b\n1,"x\ny"\n2,'), Buffer.from('z\n"3,')]), 'csv').run(host);
    expect(short(host.store)).toEqual([
      '1: 4 {"a":"1","b":"x\\ny"}',
      '1: 12 {"a":"2","b":"z"}',
      '1: 16 broken: a quote that is opened in it is not closed again',
    ]);
  });

  it('is an incarnation of its own at each start', async () => {
    const store = createMemoryStore();
    await connect(Readable.from([Buffer.from('{"a":1}\n')])).run(createMemoryHost({ store }));
    await connect(Readable.from([Buffer.from('{"a":1}\n')])).run(createMemoryHost({ store }));
    expect(short(store)).toEqual(['1: 0 {"a":1}', '2: 0 {"a":1}']);
  });

  it.each(['ndjson', 'csv'] as const)(
    'hands over %s that is at hand without waiting for more, and ends when it is told to',
    async (format) => {
      const input = new PassThrough();
      const host = createMemoryHost();
      const connector = connect(input, format);
      const running = connector.run(host);
      input.write(format === 'csv' ? 'a\n1\n2\n' : '{"a":"1"}\n{"a":"2"}\n');
      await host.until(() => host.store.records.length === 2);
      input.write(format === 'csv' ? '3\n' : '{"a":"3"}\n');
      await host.until(() => host.store.records.length === 3);
      host.abort();
      await running;
      input.write(format === 'csv' ? '4\n' : '{"a":"4"}\n');
      await connector.close();
      expect(host.store.records).toHaveLength(3);
      expect([host.late, input.destroyed]).toEqual([[], true]);
    },
  );

  it('hands nothing over while there is no room', async () => {
    const host = createMemoryHost();
    host.setRoom(false);
    const running = connect(Readable.from([Buffer.from('{"a":1}\n')])).run(host);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(host.chunks).toEqual([]);
    host.setRoom(true);
    await running;
    expect(host.store.records).toHaveLength(1);
  });

  it('does not go on when somebody else reads into the source: it cannot read again', async () => {
    const host = createMemoryHost({
      onDeliver: () => host.movePlace({ topic: 'stdin', partition: 0 }, { incarnation: 9, offset: 5, position: null }),
    });
    await expect(connect(Readable.from([Buffer.from('{"a":1}\n')])).run(host)).rejects.toMatchObject({ code: 'taken_over' });
    expect([host.store.records, host.reports.at(-1)?.state]).toEqual([[], 'failed']);
  });

  it('tells a broken stream', async () => {
    const input = new Readable({ read: () => input.destroy(new Error('the pipe broke')) });
    await expect(connect(input).run(createMemoryHost())).rejects.toThrow('the pipe broke');
  });
});
