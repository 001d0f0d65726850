import { describe, expect, it } from 'vitest';
import { createLimiter } from './limiter.ts';

/** A task that ends when it is told to. */
function gate(): { readonly task: () => Promise<string>; readonly open: () => void; readonly started: () => boolean } {
  const done = Promise.withResolvers<string>();
  let started = false;
  return {
    task: () => {
      started = true;
      return done.promise;
    },
    open: () => done.resolve('done'),
    started: () => started,
  };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('createLimiter', () => {
  it('lets so many tasks run at once, the others in their order', async () => {
    const limiter = createLimiter(2);
    const gates = [gate(), gate(), gate(), gate()];
    const results = gates.map(({ task }) => limiter.run(task));
    await turn();
    expect(gates.map(({ started }) => started())).toEqual([true, true, false, false]);
    expect(limiter.inFlight()).toBe(2);
    gates[1]?.open();
    await turn();
    expect(gates.map(({ started }) => started())).toEqual([true, true, true, false]);
    expect(limiter.inFlight()).toBe(2);
    for (const { open } of gates) open();
    expect(await Promise.all(results)).toEqual(['done', 'done', 'done', 'done']);
    expect(limiter.inFlight()).toBe(0);
  });

  it('gives the place back when a task fails', async () => {
    const limiter = createLimiter(1);
    await expect(limiter.run(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    await expect(limiter.run(() => Promise.resolve('next'))).resolves.toBe('next');
    expect(limiter.inFlight()).toBe(0);
  });

  it('an abort takes a waiting task off the queue and leaves running ones alone', async () => {
    const limiter = createLimiter(1);
    const [first, second, third] = [gate(), gate(), gate()];
    const controller = new AbortController();
    const running = limiter.run(first.task, controller.signal);
    const waiting = limiter.run(second.task, controller.signal);
    const last = limiter.run(third.task);
    controller.abort(new Error('stopped'));
    await expect(waiting).rejects.toThrow('stopped');
    first.open();
    third.open();
    expect(await Promise.all([running, last])).toEqual(['done', 'done']);
    expect(second.started()).toBe(false);
    await expect(limiter.run(second.task, controller.signal)).rejects.toThrow('stopped');
    expect(limiter.inFlight()).toBe(0);
  });

  it.each([0, -1, 1.5, NaN])('refuses a limit of %s', (limit) => {
    expect(() => createLimiter(limit)).toThrow(RangeError);
  });
});
