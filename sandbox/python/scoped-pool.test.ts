import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { createScopedPool, type ScopedPoolOptions } from './scoped-pool.ts';

type Fake = { readonly scope: string; ended: boolean; end(): void };
const never = new AbortController().signal;

function pool(options: Partial<ScopedPoolOptions<Fake>> = {}) {
  const started: Fake[] = [];
  const start = (scope: string): Fake => {
    const fake: Fake = { scope, ended: false, end: () => (fake.ended = true) };
    started.push(fake);
    return fake;
  };
  const made = createScopedPool<Fake>({ size: 2, maxUses: 100, idleMs: 60_000, growAfterMs: 20, turnMs: 0, start, ...options });
  return { ...made, started, alive: () => started.filter(({ ended }) => !ended).map(({ scope }) => scope) };
}

describe('a pool of members that serve one scope each', () => {
  it('starts nothing before it is asked, and lends one member again and again', async () => {
    const { borrow, giveBack, started } = pool();
    expect(started).toHaveLength(0);
    const first = await borrow('a', never);
    giveBack(first, true);
    expect(await borrow('a', never)).toBe(first);
    expect(started).toHaveLength(1);
  });

  it('never lends the member of one scope to another', async () => {
    const { borrow, giveBack, alive } = pool();
    const a = await borrow('a', never);
    giveBack(a, true);
    const b = await borrow('b', never);
    expect(b).not.toBe(a);
    expect(b.scope).toBe('b');
    expect(alive()).toEqual(['a', 'b']);
  });

  it('ends an idle member of another scope when there are as many as there may be', async () => {
    const { borrow, giveBack, alive } = pool();
    giveBack(await borrow('a', never), true);
    giveBack(await borrow('b', never), true);
    await borrow('c', never);
    expect(alive()).toEqual(['b', 'c']);
  });

  it('gives a scope a second member only when its calls wait', async () => {
    const { borrow, started } = pool({ growAfterMs: 50 });
    await borrow('a', never);
    const second = borrow('a', never);
    await sleep(10);
    expect(started).toHaveLength(1);
    expect((await second).scope).toBe('a');
    expect(started).toHaveLength(2);
  });

  it('lets no scope wait for ever while another is busy', async () => {
    const { borrow, giveBack, alive } = pool({ size: 1, growAfterMs: 1 });
    let busy = true;
    const loop = async (): Promise<void> => {
      while (busy) {
        const member = await borrow('a', never);
        await sleep(1);
        giveBack(member, true);
      }
    };
    const loops = [loop(), loop(), loop()];
    const b = await borrow('b', never);
    expect(alive()).toEqual(['b']);
    busy = false;
    giveBack(b, true);
    await Promise.all(loops);
  });

  it('a member has its turn before it makes room', async () => {
    const { borrow, giveBack } = pool({ size: 1, turnMs: 10_000 });
    const a = await borrow('a', never);
    const other = borrow('b', never);
    const mine = borrow('a', never);
    giveBack(a, true);
    expect(await mine).toBe(a);
    // Nobody of its own waits any more: now it does.
    giveBack(a, true);
    expect((await other).scope).toBe('b');
  });

  it('replaces members that may not be used again, or were used often enough', async () => {
    const { borrow, giveBack, started } = pool({ maxUses: 2 });
    giveBack(await borrow('a', never), false);
    giveBack(await borrow('a', never), true);
    giveBack(await borrow('a', never), true);
    await borrow('a', never);
    expect(started.map(({ ended }) => ended)).toEqual([true, true, false]);
  });

  it('ends members that nobody uses', async () => {
    const { borrow, giveBack, alive } = pool({ idleMs: 20 });
    giveBack(await borrow('a', never), true);
    expect(alive()).toEqual(['a']);
    await vi.waitFor(() => expect(alive()).toEqual([]));
  });

  it('forgets who no longer waits', async () => {
    const { borrow, giveBack, started } = pool({ size: 1 });
    const a = await borrow('a', never);
    const stop = new AbortController();
    const given = borrow('b', stop.signal);
    stop.abort(new Error('stopped'));
    await expect(given).rejects.toThrow('stopped');
    giveBack(a, true);
    expect(await borrow('a', never)).toBe(a);
    expect(started).toHaveLength(1);
  });

  it('ends everything when it is closed', async () => {
    const { borrow, close, alive } = pool({ size: 1 });
    await borrow('a', never);
    const waiting = borrow('b', never);
    close();
    await expect(waiting).rejects.toThrow('closed');
    await expect(borrow('a', never)).rejects.toThrow('closed');
    expect(alive()).toEqual([]);
  });
});
