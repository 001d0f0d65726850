import { describe, expect, it } from 'vitest';
import { inTurn } from './in-turn.ts';

const later = <T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void; readonly reject: (error: Error) => void } =>
  Promise.withResolvers<T>();

describe('inTurn', () => {
  it('runs tasks of one key in the order of the calls, and those of others meanwhile', async () => {
    const order = inTurn();
    const slow = later<string>();
    const log: string[] = [];
    const first = order('a', async () => {
      log.push('a1 begins');
      await slow.promise;
      log.push('a1 ends');
    });
    const second = order('a', async () => {
      log.push('a2');
      await Promise.resolve();
    });
    await order('b', async () => {
      log.push('b');
      await Promise.resolve();
    });
    await order(null, async () => {
      log.push('none');
      await Promise.resolve();
    });
    expect(log).toEqual(['a1 begins', 'b', 'none']);
    slow.resolve('');
    await Promise.all([first, second]);
    expect(log).toEqual(['a1 begins', 'b', 'none', 'a1 ends', 'a2']);
  });

  it('begins no task behind one of its key that failed, and gives all of them its reason', async () => {
    const order = inTurn();
    const broken = later<string>();
    const begun: string[] = [];
    const works = [
      order('a', () => broken.promise),
      order('a', () => Promise.resolve(begun.push('a2'))),
      order('a', () => Promise.resolve(begun.push('a3'))),
      order('b', () => Promise.resolve(begun.push('b1'))),
    ].map((work) => work.then(() => 'done', String));
    broken.reject(new Error('broken'));
    expect(await Promise.all(works)).toEqual(['Error: broken', 'Error: broken', 'Error: broken', 'done']);
    expect(begun).toEqual(['b1']);
    // A failure that all have heard of is past.
    expect(await order('a', () => Promise.resolve('again'))).toBe('again');
  });
});
