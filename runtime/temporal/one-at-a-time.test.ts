import { describe, expect, it } from 'vitest';
import { oneAtATime } from './one-at-a-time.ts';

const settled = (): Promise<unknown> => new Promise((resolve) => setImmediate(resolve));

describe('one at a time', () => {
  it('is begun at once, and once more after itself however often it was asked for meanwhile', async () => {
    const gates: PromiseWithResolvers<void>[] = [];
    const ask = oneAtATime(() => {
      const gate = Promise.withResolvers<void>();
      gates.push(gate);
      return gate.promise;
    });
    for (let tick = 0; tick < 30; tick++) ask();
    await settled();
    expect(gates).toHaveLength(1);
    gates[0]?.resolve();
    await settled();
    expect(gates).toHaveLength(2);
    gates[1]?.resolve();
    await settled();
    expect(gates).toHaveLength(2);
    ask();
    expect(gates).toHaveLength(3);
  });
});
