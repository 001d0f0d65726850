import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { moveSourceOffset, switchSource } from '../../commands/sources/control-source.ts';
import { publishFlowFile } from '../../commands/flows.ts';
import { llmFlow, openRig } from '../source-rig.ts';
import { decisionsMade, openStreamRig, type StreamRig } from '../stream-rig.ts';

let rig: StreamRig;
beforeEach(async () => {
  rig = await openStreamRig();
});
afterEach(() => rig.close());

const soon = { timeout: 10_000, interval: 50 };
const record = (i: number, text = 'hi') => ({ id: `r-${i}`, who: `acct-${i % 5}`, text });
const records = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => record(from + i));
const decided = (count: number) => vi.waitFor(async () => expect(await rig.decisions()).toHaveLength(count), soon);
const taskState = async (name: string) => (await rig.status()).tasks.find(({ task }) => task === name)?.state;

describe('a source that is followed', () => {
  it('pauses, goes on and stops as it is wanted', { timeout: 30_000 }, async () => {
    await rig.create();
    rig.keep();
    rig.append(...records(0, 10));
    await decided(10);
    expect(await taskState('source')).toBe('running');

    await rig.wish('pause');
    await vi.waitFor(async () => expect(await taskState('source')).toBe('paused'), soon);
    rig.append(...records(10, 20));
    // What it did says nothing of what it does now.
    expect((await rig.status()).tasks.map(({ task, state, trace }) => [task, state, trace])).toEqual([
      ['source', 'paused', 'the test says pause'],
    ]);
    expect(await rig.status()).toMatchObject({ wish: 'pause', heldBy: [] });
    expect(await rig.decisions()).toHaveLength(10);

    await rig.wish('run');
    await decided(20);
    await rig.wish('stop');
    await vi.waitFor(async () => expect(await taskState('source')).toBe('stopped'), soon);
    rig.append(...records(20, 22));
    expect(await rig.decisions()).toHaveLength(20);
    expect((await decisionsMade(rig.context)).map(({ recordKey }) => recordKey ?? '').toSorted()).toEqual(
      records(0, 20)
        .map(({ id }) => id)
        .toSorted(),
    );
  });

  it('takes other settings without a restart', { timeout: 20_000 }, async () => {
    await rig.create();
    rig.keep();
    rig.append(record(0));
    await decided(1);
    await rig.configure({ record: { key: 'id', filter: { conditions: [{ field: 'text', operator: 'contains', value: 'offer' }] } } });
    await vi.waitFor(async () => expect(await taskState('source')).toBe('running'), soon);
    await vi.waitFor(
      async () => {
        const before = await rig.status();
        rig.append(record(before.decided + before.skipped));
        await vi.waitFor(async () => {
          const { decided: done, skipped } = await rig.status();
          expect(done + skipped).toBe(before.decided + before.skipped + 1);
        }, soon);
        expect((await rig.status()).skipped).toBeGreaterThan(0);
      },
      { timeout: 8_000 },
    );
    const { decided: before } = await rig.status();
    rig.append(record(100, 'an offer'));
    await vi.waitFor(async () => expect((await rig.status()).decided).toBe(before + 1), soon);
    expect((await rig.decisions()).at(-1)).toMatchObject({ recordKey: 'r-100', label: 'spam' });
  });

  it('has its offsets set while it is stopped, also when somebody keeps it, and decides nothing again', { timeout: 30_000 }, async () => {
    await rig.create();
    rig.keep();
    rig.append(...records(0, 6));
    await decided(6);
    const move = { topic: 'records.ndjson', partition: 0, to: 0 };
    await expect(moveSourceOffset(rig.context, 's', move)).rejects.toMatchObject({
      code: 'conflict',
      message: 'source "s" is not stopped, so its offsets cannot be changed',
    });
    await rig.wish('stop');
    await vi.waitFor(() => moveSourceOffset(rig.context, 's', move), soon);
    expect((await rig.status()).partitions).toMatchObject([{ nextOffset: 0 }]);
    await rig.wish('run');
    await vi.waitFor(async () => expect((await rig.status()).partitions).toMatchObject([{ lag: 0 }]), soon);
    rig.append(record(6));
    await decided(7);
    expect(await decisionsMade(rig.context)).toHaveLength(7);
    expect(await rig.status()).toMatchObject({ decided: 7, pending: 0, deadLetters: 0 });
  });

  it('with errors: none ends its task as failed, and says which record and why', { timeout: 20_000 }, async () => {
    await rig.create({ more: { errors: 'none' } });
    rig.keep();
    rig.append(record(0), { id: 'r-1', who: 'a', body: 'no text' });
    await vi.waitFor(async () => expect(await taskState('intake')).toBe('failed'), soon);
    const { tasks, deadLetters } = await rig.status();
    expect(deadLetters).toBe(0);
    expect(tasks.find(({ task }) => task === 'intake')?.trace).toMatch(
      /^source "s": the record at records\.ndjson\/0, offset \d+, cannot be used: it does not fit flow "rules": input "text" is required; tried again in \d+ ms$/,
    );
    await rig.configure({ errors: 'all' });
    await vi.waitFor(async () => expect(await rig.status()).toMatchObject({ decided: 1, deadLetters: 1 }), soon);
    expect(await taskState('intake')).toBe('running');
  });

  it('that cannot begin says why, and forgets it once it can', { timeout: 20_000 }, async () => {
    const flow = rig.write('asking.yml', llmFlow());
    await rig.create({ flow });
    const without = await openRig(rig.context.settings.dataFolder);
    try {
      const { stop } = rig.keep(without.context);
      await vi.waitFor(async () => expect(await taskState('source')).toBe('failed'), soon);
      expect((await rig.status()).tasks.find(({ task }) => task === 'source')?.trace).toMatch(
        /^node "first" of flow "asking": .*; tried again in 500 ms$/,
      );
      await rig.wish('pause');
      await vi.waitFor(async () => expect(await taskState('source')).toBe('paused'), soon);
      await stop();
      expect((await rig.status()).tasks).toEqual([]);
    } finally {
      await without.close();
    }
  });
});

describe('two that keep the same source', () => {
  it('share its parts, and one takes over when the other ends', { timeout: 40_000 }, async () => {
    await rig.create();
    const other = await openRig(rig.context.settings.dataFolder);
    const first = rig.keep();
    const second = rig.keep(other.context);
    try {
      await vi.waitFor(async () => {
        const parts = (await rig.status()).tasks.filter(({ task, state }) => /^decide\/\d$/.test(task) && state === 'running');
        expect(parts.map(({ task }) => task)).toEqual(['decide/0', 'decide/1', 'decide/2', 'decide/3']);
        expect(new Set(parts.map(({ by }) => by.owner)).size).toBe(2);
      }, soon);
      rig.append(...records(0, 60));
      await decided(60);
      await second.stop();
      rig.append(...records(60, 90));
      await decided(90);
      expect(await decisionsMade(rig.context)).toHaveLength(90);
      await first.stop();
    } finally {
      await other.close();
    }
  });
});

describe('the decisions about one subject', () => {
  it('are made and stored in the order of its records, however long one takes', { timeout: 20_000 }, async () => {
    await publishFlowFile(rig.context, rig.write('asking.yml', llmFlow()));
    await rig.create({ flow: 'asking' });
    rig.model.hold();
    rig.keep();
    rig.append({ id: '1', who: 'a', text: 'slow' });
    await rig.model.came(1);
    rig.append({ id: '2', who: 'a', text: 'quick' }, { id: '3', who: 'b', text: 'other' });
    await rig.model.came(2);
    // The one of the other subject is asked meanwhile, the second of the first is not.
    expect([...rig.model.calls.keys()].toSorted()).toEqual(['first other', 'first slow']);
    rig.model.release();
    await decided(3);
    const made = await decisionsMade(rig.context);
    expect(made.filter(({ subject }) => subject === 'a').map(({ recordKey }) => recordKey)).toEqual(['1', '2']);
  });

  it('one that fails to be written holds those behind it up, and is made when it can be', { timeout: 20_000 }, async () => {
    await rig.create();
    const { storage } = rig.context;
    let refusals = 2;
    const write: typeof storage.events.write = async (unit) => {
      if (unit.inboxDone !== undefined && refusals-- > 0) throw new Error('the disk is full');
      return storage.events.write(unit);
    };
    const shaky = { ...rig.context, storage: { ...storage, events: { ...storage.events, write } } };
    const { news } = rig.keep(shaky);
    await vi.waitFor(async () => expect(await taskState('source')).toBe('running'), soon);
    rig.append({ id: '1', who: 'a', text: 'hi' });
    // Nothing else comes: nobody may wait for the next record to hear of the failure.
    await decided(1);
    rig.append({ id: '2', who: 'a', text: 'hi' });
    await decided(2);
    expect((await decisionsMade(rig.context)).map(({ recordKey }) => recordKey)).toEqual(['1', '2']);
    expect(news.flatMap((each) => (each.kind === 'task' && each.report.state === 'failed' ? [each.report.trace] : []))).toContainEqual(
      expect.stringContaining('the disk is full'),
    );
  });
});

describe('the kill switch of a source that is followed', () => {
  it('lets records wait without a fallback, and they are decided when it is off', { timeout: 20_000 }, async () => {
    await rig.create();
    rig.keep();
    rig.append(record(0));
    await decided(1);
    await switchSource(rig.context, 's', { killed: true, reason: 'blocks everybody' });
    await vi.waitFor(async () => expect(await taskState('decide/0')).toBe('paused'), soon);
    rig.append(...records(1, 30));
    await vi.waitFor(async () => expect((await rig.status()).pending).toBe(29), soon);
    expect((await rig.status()).tasks.find(({ task }) => task === 'decide/0')?.trace).toBe('the kill switch is on: blocks everybody');
    await switchSource(rig.context, 's', { killed: false, reason: '' });
    await decided(30);
    expect((await rig.decisions()).map(({ stage }) => stage)).toEqual(Array.from({ length: 30 }, () => 'live'));
  });
});
