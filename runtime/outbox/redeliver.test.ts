import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SinkSettings } from '../../schemas/index.ts';
import type { App } from '../open-app.ts';
import { decide, firstsByKey, memorySink, numbered, openOutboxRig, topic, webhook, type MemorySink } from './outbox-rig.ts';
import { redeliverTo } from './redeliver.ts';
import { deliverOnce } from './run-relays.ts';

let folder: string;
let app: App;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'riskflow-redeliver-'));
  app = await openOutboxRig(folder);
});
afterEach(async () => {
  await app.close();
  rmSync(folder, { recursive: true });
});

const { signal } = new AbortController();
const deliver = (settings: SinkSettings, sink: MemorySink) =>
  deliverOnce(app.context, { sinks: { hooks: settings }, openSink: () => Promise.resolve(sink), signal, onNews: () => undefined });
const redeliver = (settings: SinkSettings, sink: MemorySink, messageId?: string) =>
  redeliverTo(
    app.context,
    { name: 'hooks', settings },
    { openSink: () => Promise.resolve(sink), signal, ...(messageId === undefined ? {} : { messageId }) },
  );
const dead = async (): Promise<readonly string[]> => {
  await app.context.storage.projections.catchUp('default');
  return (await app.context.storage.read.deadDeliveries('default', { sink: 'hooks', limit: 100 })).map(({ messageId }) => messageId);
};

describe('what was passed over', () => {
  it.each([
    ['a webhook', webhook({ parts: 4 })],
    ['a topic', topic()],
  ])('comes again to %s with the same identity and fields, in the order of its key, and is dead no more', async (_, settings) => {
    await decide(app.context, numbered(12, 3));
    const away = memorySink();
    away.meanwhile((messages) => Promise.resolve(messages.flatMap(({ id }) => (id === 'd-11' ? [] : [id]))));
    await deliver(settings, away);
    expect(await dead()).toEqual(numbered(11, 3).map(({ decisionId }) => decisionId));

    const back = memorySink();
    expect(await redeliver(settings, back)).toEqual({ sink: 'hooks', delivered: 11, refused: [], erased: 0, dead: 0, reason: null });
    expect(back.isClosed()).toBe(true);
    expect(firstsByKey(back.sent.flat()).get('acct-0')).toEqual(['d-0', 'd-3', 'd-6', 'd-9']);
    const first = (sink: MemorySink) => sink.sent.flat().find(({ id }) => id === 'd-0');
    expect(first(back)).toEqual(first(away));
    expect(await dead()).toEqual([]);
    // Nothing is sent again.
    const later = memorySink();
    expect(await redeliver(settings, later)).toMatchObject({ delivered: 0, dead: 0 });
    expect(later.ids()).toEqual([]);
  });

  it('stays dead where it is refused again, and the others come', async () => {
    await decide(app.context, numbered(3, 1));
    const sink = memorySink();
    sink.meanwhile((messages) => Promise.resolve(messages.map(({ id }) => id)));
    await deliver(webhook({ parts: 1 }), sink);
    sink.meanwhile(([message]) => Promise.resolve(message?.id === 'd-1' ? ['d-1'] : []));
    expect(await redeliver(webhook({ parts: 1 }), sink)).toMatchObject({
      delivered: 2,
      refused: [{ id: 'd-1', reason: 'nobody wants it' }],
      dead: 1,
      reason: null,
    });
    expect(await dead()).toEqual(['d-1']);
  });

  it('ends at a receiver that does not answer, and what was not tried stays dead', async () => {
    await decide(app.context, numbered(4, 1));
    const sink = memorySink();
    sink.meanwhile((messages) => Promise.resolve(messages.map(({ id }) => id)));
    await deliver(webhook({ parts: 1 }), sink);
    const broken = memorySink();
    broken.meanwhile(([message]) => (message?.id === 'd-1' ? Promise.reject(new Error('connect ECONNREFUSED')) : Promise.resolve()));
    expect(await redeliver(webhook({ parts: 1 }), broken)).toMatchObject({ delivered: 1, dead: 3, reason: 'connect ECONNREFUSED' });
    expect(broken.ids()).toEqual(['d-0']);
    expect(await dead()).toEqual(['d-1', 'd-2', 'd-3']);
  });

  it('can be tried alone, and is tried by one process at a time', async () => {
    await decide(app.context, numbered(2, 2));
    const sink = memorySink();
    sink.meanwhile((messages) => Promise.resolve(messages.map(({ id }) => id)));
    await deliver(webhook(), sink);
    const one = memorySink();
    const meanwhile: unknown[] = [];
    one.meanwhile(async () => {
      meanwhile.push(await redeliver(webhook(), memorySink()).catch((error: unknown) => error));
    });
    expect(await redeliver(webhook(), one, 'd-1')).toMatchObject({ delivered: 1, dead: 1 });
    expect(one.ids()).toEqual(['d-1']);
    expect(meanwhile).toMatchObject([{ code: 'busy' }]);
    expect(await dead()).toEqual(['d-0']);
  });
});
