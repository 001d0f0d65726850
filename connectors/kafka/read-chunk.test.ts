import type { KafkaMessage } from 'kafkajs';
import { expect, test } from 'vitest';
import { RiskflowError, type RecordContent } from '../../schemas/index.ts';
import { chunkEnd, readMessages } from './read-chunk.ts';

const message = (offset: number, size = 1, more: Partial<KafkaMessage> = {}): KafkaMessage =>
  ({ key: null, value: Buffer.alloc(size), timestamp: '5', attributes: 0, offset: String(offset), headers: {}, ...more }) as KafkaMessage;
const content: RecordContent = { ok: true, fields: new Map() };
const signal = new AbortController().signal;

test.each([
  ['few', Array.from({ length: 3 }, (_, i) => message(i)), [3]],
  ['many', Array.from({ length: 1_201 }, (_, i) => message(i)), [500, 1_000, 1_201]],
  ['large', Array.from({ length: 5 }, (_, i) => message(i, 1_500_000)), [2, 4, 5]],
  ['huge', [message(0, 9_000_000), message(1), message(2, 9_000_000)], [1, 2, 3]],
])('%s messages are cut into chunks', (_what, messages, ends) => {
  const found: number[] = [];
  for (let at = 0; at < messages.length; found.push(at)) at = chunkEnd(messages, at);
  expect(found).toEqual(ends);
});

test('a time that is none, and headers that occur twice', async () => {
  const headers = { a: Buffer.from('1'), b: ['2', Buffer.from('3')], c: undefined };
  const records = await readMessages(
    [message(7, 1, { timestamp: '-1', headers })],
    { decode: () => content },
    { signal, onWait: () => undefined },
  );
  expect(records).toEqual([
    {
      offset: 7,
      bytes: Buffer.alloc(1),
      content,
      recordId: null,
      meta: {
        key: null,
        timestamp: null,
        headers: [
          { name: 'a', value: Buffer.from('1') },
          { name: 'b', value: Buffer.from('2') },
          { name: 'b', value: Buffer.from('3') },
        ],
      },
    },
  ]);
});

test('what passes is waited for and told; what does not is thrown', async () => {
  const waits: (string | null)[] = [];
  let calls = 0;
  const decode = (): Promise<RecordContent> =>
    ++calls < 3 ? Promise.reject(new RiskflowError('busy', `away ${calls}`)) : Promise.resolve(content);
  const records = await readMessages([message(0)], { decode }, { signal, onWait: (reason) => void waits.push(reason) });
  expect(records).toHaveLength(1);
  expect(waits).toEqual(['away 1', 'away 2', null]);
  const refused = new RiskflowError('usage', 'wrong password');
  const reading = readMessages(
    [message(0)],
    { decode: () => Promise.reject(refused) },
    { signal, onWait: (reason) => void waits.push(reason) },
  );
  await expect(reading).rejects.toBe(refused);
  expect(waits).toHaveLength(3);
});

test('the waiting ends when the session does', async () => {
  const over = new AbortController();
  const decode = (): Promise<RecordContent> => Promise.reject(new RiskflowError('busy', 'away'));
  const reading = readMessages([message(0)], { decode }, { signal: over.signal, onWait: () => over.abort(new Error('over')) });
  await expect(reading).rejects.toThrow('over');
});
