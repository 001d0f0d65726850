import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inWindow } from './in-window.ts';

const never = new AbortController().signal;
async function* countTo(count: number): AsyncGenerator<number, void> {
  for (let i = 0; i < count; i++) yield i;
}

/** Tasks that wait until they are let go. */
function gate() {
  const open = new Map<number, () => void>();
  const begun: number[] = [];
  const enter = (item: number): Promise<void> => {
    begun.push(item);
    return new Promise((resolve) => open.set(item, resolve));
  };
  const turns = () => new Promise<void>((resolve) => setImmediate(resolve));
  return { begun, enter, turns, letGo: (item: number) => open.get(item)?.() };
}

describe('inWindow', () => {
  it('keeps the window full, in order, and never more than full', async () => {
    const { begun, enter, turns, letGo } = gate();
    const all = inWindow(countTo(5), { size: 2, signal: never }, enter);
    await turns();
    expect(begun).toEqual([0, 1]);
    letGo(1);
    await turns();
    expect(begun).toEqual([0, 1, 2]);
    letGo(0);
    letGo(2);
    await turns();
    expect(begun).toEqual([0, 1, 2, 3, 4]);
    letGo(3);
    letGo(4);
    await expect(all).resolves.toBeUndefined();
  });

  it('does every item once, whatever the size and however long each takes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 9 }), fc.array(fc.nat(3), { maxLength: 30 }), async (size, turns) => {
        const done: number[] = [];
        let inside = 0;
        let most = 0;
        await inWindow(countTo(turns.length), { size, signal: never }, async (item) => {
          most = Math.max(most, ++inside);
          for (let i = 0; i < (turns[item] ?? 0); i++) await new Promise(setImmediate);
          inside--;
          done.push(item);
        });
        expect(done.toSorted((a, b) => a - b)).toEqual(turns.map((_, i) => i));
        expect(most).toBeLessThanOrEqual(size);
      }),
      { numRuns: 60 },
    );
  });

  it('throws the first failure once what it aborted has ended, and begins nothing more', async () => {
    const begun: number[] = [];
    const ended: number[] = [];
    const failure = new Error('first');
    const all = inWindow(countTo(100), { size: 3, signal: never }, async (item, signal) => {
      begun.push(item);
      if (item === 2) throw failure;
      if (item === 0) return;
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      ended.push(item);
      throw new Error('second');
    });
    await expect(all).rejects.toBe(failure);
    expect(begun.length).toBeLessThanOrEqual(4);
    expect(ended.length).toBe(begun.length - 2);
  });

  it('throws what the items throw, after what is under way has ended', async () => {
    const ended: number[] = [];
    async function* broken(): AsyncGenerator<number, void> {
      yield 1;
      throw new Error('no more items');
    }
    const all = inWindow(broken(), { size: 3, signal: never }, async (item, signal) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      ended.push(item);
    });
    await expect(all).rejects.toThrow('no more items');
    expect(ended).toEqual([1]);
  });

  it('throws the reason of its signal, also when the tasks do not notice', async () => {
    const user = new AbortController();
    const { begun, enter, turns, letGo } = gate();
    const all = inWindow(countTo(5), { size: 1, signal: user.signal }, enter);
    await turns();
    user.abort(new Error('enough'));
    letGo(0);
    await expect(all).rejects.toThrow('enough');
    expect(begun).toEqual([0]);
  });
});
