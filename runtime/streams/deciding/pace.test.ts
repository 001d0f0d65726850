import { describe, expect, it } from 'vitest';
import { createPace } from './pace.ts';

const never = new AbortController().signal;

describe('createPace', () => {
  it('lets through no more than a tenth of a second at once, and then so many a second', async () => {
    const pace = createPace(() => 200);
    const began = performance.now();
    for (let i = 0; i < 20; i++) await pace.turn(never);
    expect(performance.now() - began).toBeLessThan(90);
    for (let i = 0; i < 40; i++) await pace.turn(never);
    // 60 turns at 200 a second are 300 ms, of which 100 ms came at once.
    expect(performance.now() - began).toBeGreaterThan(180);
  });

  it('is as strict with turns that are asked for at the same time', async () => {
    const pace = createPace(() => 100);
    const began = performance.now();
    await Promise.all(Array.from({ length: 30 }, () => pace.turn(never)));
    expect(performance.now() - began).toBeGreaterThan(180);
  });

  it('lets all through without a rate, and follows a rate that changes', async () => {
    const set: { rate?: number } = {};
    const pace = createPace(() => set.rate);
    const began = performance.now();
    for (let i = 0; i < 1000; i++) await pace.turn(never);
    expect(performance.now() - began).toBeLessThan(100);
    set.rate = 20;
    const slower = performance.now();
    for (let i = 0; i < 5; i++) await pace.turn(never);
    expect(performance.now() - slower).toBeGreaterThan(130);
  });

  it('ends the wait of one that is aborted', async () => {
    const pace = createPace(() => 0.01);
    const user = new AbortController();
    await pace.turn(user.signal);
    const waiting = pace.turn(user.signal).then(
      () => 'went',
      () => 'aborted',
    );
    user.abort();
    expect(await waiting).toBe('aborted');
  });
});
