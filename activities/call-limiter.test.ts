import { describe, expect, it } from 'vitest';
import { createCallLimiter } from './call-limiter.ts';

const never = new AbortController().signal;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A slot that is being taken, and whether it was. */
function taking(slot: ReturnType<ReturnType<typeof createCallLimiter>['slot']>, signal = never) {
  let taken = false;
  const done = slot.take(signal).then(() => {
    taken = true;
  });
  return { slot, done, taken: () => taken };
}

describe('createCallLimiter', () => {
  it('lets so many slots be taken at once, the others in their order', async () => {
    const limiter = createCallLimiter(2);
    const slots = Array.from({ length: 4 }, () => taking(limiter.slot()));
    await turn();
    expect(slots.map(({ taken }) => taken())).toEqual([true, true, false, false]);
    expect(limiter.inFlight()).toBe(2);
    slots[1]?.slot.giveBack();
    await turn();
    expect(slots.map(({ taken }) => taken())).toEqual([true, true, true, false]);
    expect(limiter.inFlight()).toBe(2);
    slots[0]?.slot.giveBack();
    slots[2]?.slot.giveBack();
    await turn();
    slots[3]?.slot.giveBack();
    await Promise.all(slots.map(({ done }) => done));
    expect(limiter.inFlight()).toBe(0);
  });

  it('taking a held slot and giving back a free one change nothing', async () => {
    const limiter = createCallLimiter(1);
    const slot = limiter.slot();
    slot.giveBack();
    await slot.take(never);
    await slot.take(never);
    expect(limiter.inFlight()).toBe(1);
    slot.giveBack();
    slot.giveBack();
    expect(limiter.inFlight()).toBe(0);
  });

  it('an abort takes a waiting slot off the queue and leaves held ones alone', async () => {
    const limiter = createCallLimiter(1);
    const controller = new AbortController();
    const held = limiter.slot();
    await held.take(controller.signal);
    const waiting = limiter.slot();
    const refused = waiting.take(controller.signal);
    const last = taking(limiter.slot());
    controller.abort(new Error('stopped'));
    await expect(refused).rejects.toThrow('stopped');
    waiting.giveBack();
    expect([limiter.inFlight(), last.taken()]).toEqual([1, false]);
    held.giveBack();
    await last.done;
    await expect(limiter.slot().take(controller.signal)).rejects.toThrow('stopped');
    last.slot.giveBack();
    expect(limiter.inFlight()).toBe(0);
  });

  it('another limit lets more in at once, or fewer once those inside have left', async () => {
    const limiter = createCallLimiter(1);
    const slots = Array.from({ length: 5 }, () => taking(limiter.slot()));
    await turn();
    limiter.resize(3);
    await turn();
    expect(slots.map(({ taken }) => taken())).toEqual([true, true, true, false, false]);
    limiter.resize(2);
    slots[0]?.slot.giveBack();
    await turn();
    expect([limiter.inFlight(), slots[3]?.taken()]).toEqual([2, false]);
    slots[1]?.slot.giveBack();
    slots[2]?.slot.giveBack();
    await turn();
    expect(slots.slice(3).map(({ taken }) => taken())).toEqual([true, true]);
    expect(() => limiter.resize(0)).toThrow(RangeError);
  });

  it.each([0, -1, 1.5, NaN])('refuses a limit of %s', (limit) => {
    expect(() => createCallLimiter(limit)).toThrow(RangeError);
  });
});
