import { expect, it } from 'vitest';
import { outboxTeller } from './outbox-news.ts';

it('tells of messages that are passed over for one reason the less often the more they are', () => {
  const said: string[] = [];
  const tell = outboxTeller({ warn: (sentence) => said.push(sentence), notice: (sentence) => said.push(sentence) });
  const refuse = (i: number, reason: string, sink = 'hooks') =>
    tell({ kind: 'refused', sink, part: 0, messageId: `d-${i}`, reason, gaveUp: false });
  for (let i = 1; i <= 250; i++) refuse(i, '404 Not Found');
  refuse(251, '400 Bad Request');
  refuse(252, '400 Bad Request');
  refuse(253, '400 Bad Request', 'others');
  expect(said).toEqual([
    'sink hooks: d-1 is passed over: 404 Not Found',
    'sink hooks: 10 messages are passed over: 404 Not Found',
    'sink hooks: 100 messages are passed over: 404 Not Found',
    'sink hooks: d-251 is passed over: 400 Bad Request',
    'sink others: d-253 is passed over: 400 Bad Request',
  ]);
});
