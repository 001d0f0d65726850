import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RiskflowError, type SinkSettings } from '../../schemas/index.ts';
import type { Context } from '../context.ts';
import type { App } from '../open-app.ts';
import { decide, firstsByKey, memorySink, numbered, openOutboxRig, topic, until, webhook, type MemorySink } from './outbox-rig.ts';
import { outboxStatus } from './outbox-status.ts';
import type { RelayNews } from './relay-types.ts';
import { deliverOnce, runRelays } from './run-relays.ts';

let folder: string;
let app: App;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'riskflow-outbox-'));
  app = await openOutboxRig(folder);
});
afterEach(async () => {
  await app.close();
  rmSync(folder, { recursive: true });
});

type Sinks = Readonly<Record<string, readonly [SinkSettings, MemorySink]>>;
type Relays = { readonly news: readonly RelayNews[]; readonly stop: () => Promise<void> };

const optionsOf = (sinks: Sinks, signal: AbortSignal, onNews: (news: RelayNews) => void) => ({
  sinks: Object.fromEntries(Object.entries(sinks).map(([name, [settings]]) => [name, settings])),
  openSink: (name: string) => Promise.resolve(sinks[name]?.[1] ?? memorySink()),
  signal,
  onNews,
});

const started: Relays[] = [];
afterEach(async () => {
  for (const relays of started.splice(0)) await relays.stop();
});
function start(sinks: Sinks, context: Context = app.context): Relays {
  const news: RelayNews[] = [];
  const controller = new AbortController();
  const done = runRelays(
    context,
    optionsOf(sinks, controller.signal, (each) => news.push(each)),
  );
  const relays = {
    news,
    stop: async () => {
      controller.abort();
      await done;
    },
  };
  started.push(relays);
  return relays;
}
const once = (sinks: Sinks, context: Context = app.context) =>
  deliverOnce(
    context,
    optionsOf(sinks, new AbortController().signal, () => undefined),
  );

const facts = async (type: string): Promise<readonly unknown[]> => {
  const head = await app.context.storage.events.head('default', 'ledger');
  const events = await app.context.storage.events.readTypes('default', 'ledger', { types: [type], after: 0, upTo: head });
  return events.map(({ data }) => data);
};
const cursors = async (sink: string): Promise<readonly number[]> =>
  (await app.context.storage.relays.cursors('default', `${sink}/`)).map(({ n }) => n);

describe('relays', () => {
  it('tell every live decision once, those of a key in their order, and nothing else', async () => {
    await decide(app.context, [
      ...numbered(60, 7),
      { decisionId: 'shadow', subject: 'acct-1', mode: 'shadow', stage: 'shadow' },
      { decisionId: 'backtest', subject: 'acct-1', mode: 'backtest', stage: 'backtest' },
      { decisionId: 'canary', subject: 'acct-1', stage: 'canary' },
      { decisionId: 'fallback', subject: 'acct-1', stage: 'fallback' },
      { decisionId: 'of the first release', recordKey: 'k', stage: null },
    ]);
    const [hooks, stream] = [memorySink(), memorySink()];
    start({ hooks: [webhook({ parts: 4 }), hooks], stream: [topic(), stream] });
    await Promise.all([hooks.came(63), stream.came(63)]);
    const later = numbered(40, 7, 60);
    await decide(app.context, later);
    await Promise.all([hooks.came(103), stream.came(103)]);
    const ids = [...numbered(60, 7).map(({ decisionId }) => decisionId), 'canary', 'fallback', 'of the first release'];
    const inOrder = [...ids, ...later.map(({ decisionId }) => decisionId)];
    expect(stream.ids()).toEqual(inOrder);
    expect(hooks.ids().toSorted()).toEqual(inOrder.toSorted());
    const byKey = firstsByKey(stream.sent.flat());
    expect(firstsByKey(hooks.sent.flat())).toEqual(new Map(Array.from(hooks.sent.flat(), ({ key }) => [key, byKey.get(key)])));
    expect(byKey.get('k')).toEqual(['of the first release']);
    // One by one to a webhook, many at a time to a topic.
    expect(Math.max(...hooks.sent.map(({ length }) => length))).toBe(1);
    expect(stream.sent.length).toBeLessThan(10);
    const head = await app.context.storage.events.head('default', 'ledger');
    await until(async () => (await cursors('stream'))[0] === head);
  });

  it('close their sinks at the end, give their leases back, and go on where they were', async () => {
    await decide(app.context, numbered(5, 2));
    const first = memorySink();
    const relays = start({ hooks: [webhook({ parts: 2 }), first] });
    await first.came(5);
    await relays.stop();
    expect(first.isClosed()).toBe(true);
    expect(await app.context.storage.leases.read('default', 'relay/hooks/0')).toBeUndefined();
    await decide(app.context, numbered(3, 2, 5));
    const second = memorySink();
    start({ hooks: [webhook({ parts: 2 }), second] });
    await second.came(3);
    expect(second.ids().toSorted()).toEqual(['d-5', 'd-6', 'd-7']);
  });

  it('tell a message again under its id when they end between its sending and the note of it', async () => {
    await decide(app.context, numbered(6, 1));
    const { storage } = app.context;
    let advances = 0;
    const dying: Context = {
      ...app.context,
      storage: {
        ...storage,
        relays: {
          ...storage.relays,
          // The first one is where it begins.
          advance: (...move) =>
            ++advances === 4 ? Promise.reject(new Error('the process was killed here')) : storage.relays.advance(...move),
        },
      },
    };
    const before = memorySink();
    const relays = start({ hooks: [webhook({ parts: 1 }), before] }, dying);
    await until(() => relays.news.some((news) => news.kind === 'trouble'));
    await relays.stop();
    expect(before.ids()).toEqual(['d-0', 'd-1', 'd-2']);
    const after = memorySink();
    start({ hooks: [webhook({ parts: 1 }), after] });
    await after.came(4);
    expect(after.ids()).toEqual(['d-2', 'd-3', 'd-4', 'd-5']);
    expect(after.sent[0]).toEqual(before.sent[2]);
  });

  it('hold up only the part whose receiver fails, and tell what it missed when it is back', async () => {
    const [bad, good] = [memorySink(), memorySink()];
    let away = true;
    bad.meanwhile(async ([message]) => {
      if (away && message?.key === 'acct-0') throw new Error('503');
    });
    await decide(app.context, numbered(30, 10));
    const relays = start({ bad: [webhook({ parts: 8 }), bad], good: [webhook({ parts: 8 }), good] });
    await good.came(30);
    const blocked = new Set(good.sent.flat().filter(({ key }) => key === 'acct-0'));
    expect(blocked.size).toBe(3);
    await until(() => relays.news.filter(({ kind }) => kind === 'delayed').length >= 3);
    // Keys of the same part wait with it, all others do not.
    expect(bad.ids().length).toBeGreaterThanOrEqual(15);
    expect(bad.ids()).not.toContain('d-0');
    await until(async () => (await facts('DeliveryDelayed')).length > 0);
    expect(await facts('DeliveryDelayed')).toEqual([
      { sink: 'bad', part: expect.any(Number) as number, messageId: 'd-0', n: 1, at: expect.any(Number) as number, error: '503' },
    ]);
    away = false;
    await bad.came(30);
    expect(firstsByKey(bad.sent.flat()).get('acct-0')).toEqual(['d-0', 'd-10', 'd-20']);
    expect(new Set(bad.ids())).toEqual(new Set(good.ids()));
    expect(relays.news.at(-1)).toMatchObject({ kind: 'recovered', sink: 'bad', messageId: 'd-0' });
    expect(await facts('DeliveryRefused')).toEqual([]);
  });

  it('pass a refused message over and note it once, however often it is sent', async () => {
    await decide(app.context, numbered(4, 1));
    const { storage } = app.context;
    let advances = 0;
    const dying: Context = {
      ...app.context,
      storage: {
        ...storage,
        relays: {
          ...storage.relays,
          advance: (...move) =>
            ++advances === 3 ? Promise.reject(new Error('the process was killed here')) : storage.relays.advance(...move),
        },
      },
    };
    const sink = memorySink();
    sink.meanwhile(([message]) => Promise.resolve(message?.id === 'd-1' ? ['d-1'] : []));
    const relays = start({ hooks: [webhook({ parts: 1 }), sink] }, dying);
    await sink.came(5);
    expect(sink.ids()).toEqual(['d-0', 'd-1', 'd-1', 'd-2', 'd-3']);
    expect(await facts('DeliveryRefused')).toEqual([
      { sink: 'hooks', part: 0, messageId: 'd-1', n: 2, reason: 'nobody wants it', gaveUp: false, at: expect.any(Number) as number },
    ]);
    expect(relays.news.filter(({ kind }) => kind === 'delayed')).toEqual([]);
  });

  it('give a message up when it failed for too long, also over several processes', async () => {
    await decide(app.context, numbered(2, 1));
    const sink = memorySink();
    sink.meanwhile(([message]) => (message?.id === 'd-0' ? Promise.reject(new Error('connect ECONNREFUSED')) : Promise.resolve()));
    const settings = webhook({ parts: 1, giveUpHours: 2 });
    const first = start({ hooks: [settings, sink] });
    await until(async () => (await facts('DeliveryDelayed')).length > 0);
    await first.stop();
    expect(sink.ids()).toEqual([]);
    const hourLater = { ...app.context, now: () => Date.now() + 3_600_000 };
    expect(await once({ hooks: [settings, sink] }, hourLater)).toMatchObject([{ delivered: 0, refused: 0, left: [{ part: 0 }] }]);
    const twoHoursLater = { ...app.context, now: () => Date.now() + 2 * 3_600_000 };
    expect(await once({ hooks: [settings, sink] }, twoHoursLater)).toEqual([{ sink: 'hooks', delivered: 1, refused: 1, left: [] }]);
    expect(sink.ids()).toEqual(['d-1']);
    expect(await facts('DeliveryRefused')).toMatchObject([{ messageId: 'd-0', reason: 'connect ECONNREFUSED', gaveUp: true }]);
    expect(await facts('DeliveryDelayed')).toHaveLength(1);
  });

  it('begin with what comes from now on where that is wanted, also when not all parts had begun', async () => {
    await decide(app.context, numbered(10, 10));
    const settings = webhook({ parts: 4, from: 'now' });
    const sink = memorySink();
    expect(await once({ hooks: [settings, sink] })).toEqual([{ sink: 'hooks', delivered: 0, refused: 0, left: [] }]);
    await decide(app.context, numbered(10, 10, 10));
    await once({ hooks: [settings, sink] });
    expect(sink.ids().toSorted()).toEqual(numbered(10, 10, 10).map(({ decisionId }) => decisionId));
  });

  it('lose nothing and keep the order when the keys are cut into another number of parts', async () => {
    await decide(app.context, numbered(40, 8));
    const sink = memorySink();
    // One key of one part is stuck; the other parts are at the end.
    sink.meanwhile(([message]) => (message?.key === 'acct-3' ? Promise.reject(new Error('503')) : Promise.resolve()));
    await once({ hooks: [webhook({ parts: 4 }), sink] });
    expect(sink.ids().length).toBeGreaterThan(10);
    sink.meanwhile(() => Promise.resolve());
    await once({ hooks: [webhook({ parts: 7 }), sink] });
    expect(new Set(sink.ids()).size).toBe(40);
    for (const [key, ids] of firstsByKey(sink.sent.flat())) {
      expect([key, ids]).toEqual([key, numbered(40, 8).flatMap((each) => (each.subject === key ? [each.decisionId] : []))]);
    }
    // And back again: it goes on where the seven were, not where the four had stopped.
    await decide(app.context, numbered(2, 8, 40));
    const before = sink.ids().length;
    await once({ hooks: [webhook({ parts: 4 }), sink] });
    expect(sink.ids().slice(before).toSorted()).toEqual(['d-40', 'd-41']);
  });

  it('tell a sink of some sources and some events only', async () => {
    const alert = (type: string, more: object) => ({ type, data: { alertId: 'a-1', sourceId: 'reports', rule: 'spikes', ...more } });
    await decide(app.context, [
      { decisionId: 'd-0', subject: 's' },
      { decisionId: 'd-1', sourceId: 'other' },
    ]);
    const events = [alert('AlertRaised', { evidence: { count: 40 }, needed: 9 }), alert('AlertCleared', { count: 2, reason: 'fell' })];
    const appends = [{ log: 'ledger', stream: 'alerts/reports', events, expected: { any: true } }] as const;
    await app.context.storage.events.write({ workspaceId: 'default', actor: 'test', appends });
    const [decisions, alerts, all] = [memorySink(), memorySink(), memorySink()];
    await once({
      decisions: [topic({ sources: ['other'] }), decisions],
      alerts: [webhook({ events: ['alert'], parts: 1 }), alerts],
      all: [topic({ events: ['decision', 'alert'] }), all],
    });
    expect(decisions.ids()).toEqual(['d-1']);
    expect(alerts.sent.flat()).toMatchObject([
      { type: 'alert', key: 'a-1', body: { alertId: 'a-1', state: 'raised', rule: 'spikes', count: 40, needed: 9, windowStart: null } },
      { type: 'alert', key: 'a-1', body: { alertId: 'a-1', state: 'cleared', count: 2, reason: 'fell', needed: null } },
    ]);
    expect(new Set(alerts.ids()).size).toBe(2);
    expect(all.ids()).toEqual(['d-0', 'd-1', ...alerts.ids()]);
  });

  it('pass what is not for them by without writing for each, and remember that they did', async () => {
    const { storage } = app.context;
    let advances = 0;
    const counting: Context = {
      ...app.context,
      storage: {
        ...storage,
        relays: {
          ...storage.relays,
          advance: (...move) => {
            advances++;
            return storage.relays.advance(...move);
          },
        },
      },
    };
    const sink = memorySink();
    const relays = start({ hooks: [topic({ sources: ['other'] }), sink] }, counting);
    await until(() => advances > 0);
    for (let i = 0; i < 24; i++) await decide(app.context, numbered(500, 3, i * 500));
    await until(async () => ((await cursors('hooks'))[0] ?? 0) > 9_000);
    await relays.stop();
    expect(sink.sent).toEqual([]);
    expect(advances).toBeLessThan(30);
  });

  it('wait for trouble with the storage to pass, and tell of it once', async () => {
    const { storage } = app.context;
    let failures = 3;
    const sick: Context = {
      ...app.context,
      storage: {
        ...storage,
        blobs: {
          ...storage.blobs,
          readMany: (...wanted) =>
            failures-- > 0 ? Promise.reject(new RiskflowError('busy', 'MySQL is away')) : storage.blobs.readMany(...wanted),
        },
      },
    };
    await decide(app.context, numbered(3, 1));
    const sink = memorySink();
    const relays = start({ hooks: [webhook({ parts: 1 }), sink] }, sick);
    await sink.came(3);
    expect(sink.ids()).toEqual(['d-0', 'd-1', 'd-2']);
    expect(relays.news).toEqual([{ kind: 'trouble', message: 'MySQL is away' }]);
  });

  it('of two on the same data share the parts; each part is told by one at a time', async () => {
    const other = await openOutboxRig(folder);
    const [here, there] = [memorySink(), memorySink()];
    const order: { readonly id: string; readonly key: string | null }[] = [];
    const busy = new Set<string | null>();
    const overlaps: unknown[] = [];
    for (const sink of [here, there]) {
      sink.meanwhile(async ([message]) => {
        const key = message?.key ?? null;
        if (busy.has(key)) overlaps.push(message);
        busy.add(key);
        await new Promise((resolve) => setTimeout(resolve, 3));
        busy.delete(key);
        order.push({ id: message?.id ?? '', key });
      });
    }
    const settings = webhook({ parts: 4 });
    start({ hooks: [settings, here] });
    start({ hooks: [settings, there] }, other.context);
    for (let i = 0; i < 5; i++) {
      await decide(app.context, numbered(40, 8, i * 40));
      await until(() => order.length >= (i + 1) * 40);
    }
    expect(overlaps).toEqual([]);
    expect(order.map(({ id }) => id).toSorted()).toEqual(
      numbered(200, 8)
        .map(({ decisionId }) => decisionId)
        .toSorted(),
    );
    for (const [key, ids] of firstsByKey(order)) {
      expect(ids).toEqual(numbered(200, 8).flatMap((each) => (each.subject === key ? [each.decisionId] : [])));
    }
    for (const relays of started.splice(0)) await relays.stop();
    await other.close();
  });

  it('do not begin when a sink is not set as it must be', async () => {
    const good = memorySink();
    const run = runRelays(app.context, {
      sinks: { good: webhook(), bad: webhook() },
      openSink: (name) =>
        name === 'good' ? Promise.resolve(good) : Promise.reject(new RiskflowError('missing_key', 'the variable X is not set')),
      signal: new AbortController().signal,
      onNews: () => undefined,
    });
    await expect(run).rejects.toMatchObject({ code: 'missing_key' });
    expect(good.isClosed()).toBe(true);
    expect(good.sent).toEqual([]);
  });
});

describe('the status of the outbox', () => {
  const withSinks = (sinks: Readonly<Record<string, SinkSettings>>): Context => ({
    ...app.context,
    settings: { ...app.context.settings, config: { sinks } },
  });

  it('tells how far each part is, what waits, and what went wrong', async () => {
    const context = withSinks({ hooks: webhook({ parts: 2 }), stream: topic() });
    expect(await outboxStatus(withSinks({}))).toEqual({ head: 0, sinks: [] });
    await decide(app.context, numbered(6, 1));
    const part = { sentUpTo: null, heldBy: null, lastError: null, dueIsMore: false };
    const fresh = await outboxStatus(context);
    expect(fresh).toMatchObject({ head: 6, sinks: [{ sink: 'hooks', kind: 'webhook', refused: 0, lastRefused: null }, { parts: [part] }] });
    expect(fresh.sinks[0]?.parts.map(({ due }) => due).toSorted()).toEqual([0, 6]);
    expect(fresh.sinks[1]?.parts).toEqual([{ ...part, part: 0, due: 6, waitsSince: expect.any(Number) as number }]);
    const sink = memorySink();
    sink.meanwhile(([message]) => {
      if (message?.id === 'd-4') return Promise.reject(new Error('no answer'));
      return Promise.resolve(message?.id === 'd-1' ? ['d-1'] : []);
    });
    await once({ hooks: [webhook({ parts: 2 }), sink] });
    const [hooks] = (await outboxStatus(context)).sinks;
    expect(hooks).toMatchObject({ refused: 1, lastRefused: { messageId: 'd-1', reason: 'nobody wants it', gaveUp: false } });
    const [stuck] = hooks?.parts.filter(({ due }) => due > 0) ?? [];
    expect(stuck).toMatchObject({ sentUpTo: 4, due: 2, lastError: { messageId: 'd-4', error: 'no answer', stillSo: true } });
    sink.meanwhile(() => Promise.resolve());
    await once({ hooks: [webhook({ parts: 2 }), sink] });
    const after = (await outboxStatus(context)).sinks[0]?.parts.find((each) => each.part === stuck?.part);
    expect(after).toMatchObject({ due: 0, waitsSince: null, lastError: { messageId: 'd-4', stillSo: false } });
  });
});
