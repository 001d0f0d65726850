import { afterEach, beforeEach, expect, it } from 'vitest';
import { runSource } from './run-source.ts';
import { openStreamRig, type StreamRig } from '../stream-rig.ts';

let rig: StreamRig;
beforeEach(async () => {
  rig = await openStreamRig();
});
afterEach(() => rig.close());

it.each([
  ['pause', 'paused'],
  ['stop', 'stopped'],
] as const)('a start that is to %s ends, says so, and another one goes on', async (wish, word) => {
  await rig.create({ more: { decide: { perSecond: 20 } } });
  rig.append(...Array.from({ length: 60 }, (_, i) => ({ id: `${i}`, who: 'a', text: 'hi' })));
  const run = runSource(rig.context, 's').then(
    () => undefined,
    (error: unknown) => error,
  );
  await expect.poll(() => rig.decisions().then(({ length }) => length), { timeout: 10_000 }).toBeGreaterThan(0);
  await rig.wish(wish);
  expect(await run).toMatchObject({ code: 'conflict', message: `source "s" was ${word} (the test says ${wish}); what is done is stored` });
  expect((await rig.status()).pending).toBeGreaterThan(0);
  await rig.configure({});
  await rig.wish('run');
  await runSource(rig.context, 's');
  expect((await rig.decisions()).map(({ recordKey }) => recordKey)).toEqual(Array.from({ length: 60 }, (_, i) => `${i}`));
});
