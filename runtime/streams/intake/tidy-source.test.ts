import { afterEach, beforeEach, expect, it } from 'vitest';
import { runBacktest } from '../../commands/backtests/run-backtest.ts';
import { controlSource, moveSourceOffset } from '../../commands/sources/control-source.ts';
import type { Context } from '../../context.ts';
import { runSource } from '../keeping/run-source.ts';
import { rulesFlow } from '../source-rig.ts';
import { openStreamRig, type StreamRig } from '../stream-rig.ts';

let rig: StreamRig;
beforeEach(async () => {
  rig = await openStreamRig();
});
afterEach(() => rig.close());

const DAY = 86_400_000;
const later = (days: number): Context => ({ ...rig.context, now: () => rig.context.now() + days * DAY });
const arrivals = async (): Promise<readonly number[]> =>
  (await rig.context.storage.inbox.range(rig.context.workspaceId, 's', { after: 0, limit: 100 })).map(({ arrival }) => arrival);
const append = (...ids: readonly string[]): void => rig.append(...ids.map((id) => ({ id, who: 'a', text: `the offer ${id}` })));

it.each([
  ['90 days where nothing is said', {}, 89, 91],
  ['as long as the settings say', { keepDays: 2 }, 1, 3],
])('keeps records that are decided for %s', async (_what, more, before, after) => {
  await rig.create({ more });
  append('1', '2', '3');
  await runSource(rig.context, 's');
  await runSource(later(before), 's');
  expect(await arrivals()).toEqual([1, 2, 3]);
  append('4');
  await runSource(later(after), 's');
  expect(await arrivals()).toEqual([4]);
  expect(await rig.status()).toMatchObject({ decided: 4, trimmed: 3, pending: 0 });
  expect((await rig.decisions()).map(({ recordKey, label }) => [recordKey, label])).toEqual(['1', '2', '3', '4'].map((id) => [id, 'spam']));
});

it('keeps them for good where the settings say so', async () => {
  await rig.create({ more: { keepDays: 'forever' } });
  append('1');
  await runSource(rig.context, 's');
  await runSource(later(90_000), 's');
  expect(await arrivals()).toEqual([1]);
});

it('decides nothing twice that was deleted and is read again, and keeps the first of equal keys', async () => {
  await rig.create({ more: { keepDays: 1, onDuplicateKey: 'keep' } });
  append('1', '2');
  await runSource(rig.context, 's');
  await runSource(later(2), 's');
  expect(await arrivals()).toEqual([]);
  append('1');
  expect(await runSource(later(2), 's')).toMatchObject({ decided: 0, superseded: 1 });
  await controlSource(rig.context, 's', { wish: 'stop', reason: 'test' });
  await moveSourceOffset(rig.context, 's', { topic: 'records.ndjson', partition: 0, to: 0 });
  await controlSource(rig.context, 's', { wish: 'run', reason: 'test' });
  const again = await runSource(later(2), 's');
  expect(again.notes).toEqual([]);
  expect((await rig.decisions()).map(({ recordKey }) => recordKey)).toEqual(['1', '2']);
  expect(await rig.status()).toMatchObject({ pending: 0 });
});

it('leaves what trends have not counted yet, and says of a backtest what is missing', async () => {
  const trends = { rules: [{ name: 'spike', by: 'subject' }] };
  await rig.create({ more: { keepDays: 1 } });
  append('1', '2');
  await runSource(rig.context, 's');
  await rig.configure({ keepDays: 1, trends });
  await runSource(later(2), 's');
  append('3');
  await runSource(later(4), 's');
  expect(await arrivals()).toEqual([3]);
  const flow = rig.write('other.yml', rulesFlow({ name: 'other' }));
  const backtest = { sourceId: 's', flow, pins: {}, recorded: false } as const;
  expect(await runBacktest(rig.context, { ...backtest, range: {} })).toMatchObject({
    records: 1,
    agree: 1,
    missing: 'records 1 to 2 of source "s" were deleted (keepDays), and those of this range among them are missing',
  });
  expect(await runBacktest(rig.context, { ...backtest, range: { arrivals: { first: 3, last: 3 } } })).toMatchObject({ missing: null });
  await expect(runBacktest(rig.context, { ...backtest, range: { arrivals: { first: 1, last: 2 } } })).rejects.toMatchObject({
    code: 'not_found',
    message: expect.stringContaining('none of these records is kept any more') as string,
  });
});
