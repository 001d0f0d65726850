import { createRequire } from 'node:module';
import { expect, test, vi } from 'vitest';
import { containIdleTimer } from './idle-timer.ts';

type Queue = {
  throttleCheckTimeoutId: unknown;
  throttledUntil: number;
  destroy(): void;
  push(request: unknown): void;
  checkPendingRequests(): void;
};
type QueueClass = new (options: object) => Queue;

const makeQueue = (): Queue => {
  const RequestQueue = createRequire(import.meta.url)('kafkajs/src/network/requestQueue') as QueueClass;
  const logger = { debug: () => undefined };
  return new RequestQueue({
    maxInFlightRequests: null,
    requestTimeout: 1_000,
    enforceRequestTimeout: false,
    clientId: 'c',
    broker: 'b',
    logger,
  });
};

test('the kafkajs that is installed wakes up for nothing on an idle connection, and is mended', () => {
  vi.useFakeTimers();
  const warn = vi.spyOn(process, 'emitWarning').mockReturnValue();
  const before = makeQueue();
  before.checkPendingRequests();
  expect(vi.getTimerCount(), 'kafkajs does it no more: remove idle-timer.ts').toBe(1);
  before.destroy();
  expect(containIdleTimer()).toBe(true);
  const after = makeQueue();
  after.checkPendingRequests();
  expect(vi.getTimerCount()).toBe(0);
  expect(containIdleTimer()).toBe(true);
  warn.mockRestore();
  vi.useRealTimers();
});

test('a request that has to wait is sent when its time has come', () => {
  vi.useFakeTimers();
  containIdleTimer();
  const queue = makeQueue();
  const sent: string[] = [];
  queue.throttledUntil = Date.now() + 50;
  queue.push({ entry: { correlationId: 1, resolve: () => undefined }, expectResponse: true, sendRequest: () => sent.push('sent') });
  vi.advanceTimersByTime(40);
  expect(sent).toEqual([]);
  vi.advanceTimersByTime(20);
  expect(sent).toEqual(['sent']);
  expect(vi.getTimerCount()).toBe(0);
  queue.destroy();
  vi.useRealTimers();
});
