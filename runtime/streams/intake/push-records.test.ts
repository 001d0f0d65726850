import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parseJson, isObject, type ObjectValue } from '../../../schemas/index.ts';
import { createSource, configureSource } from '../../commands/sources/create-source.ts';
import { controlSource } from '../../commands/sources/control-source.ts';
import { listDeadLetters } from '../../commands/sources/dead-letters.ts';
import { replayDeadLetters } from '../../commands/sources/replay-letters.ts';
import { openInlet, type Inlet } from './push-records.ts';
import { runSource } from '../keeping/run-source.ts';
import { rulesFlow } from '../source-rig.ts';
import { decisionsMade, openStreamRig, type StreamRig } from '../stream-rig.ts';

let rig: StreamRig;
let inlet: Inlet;
beforeEach(async () => {
  rig = await openStreamRig();
  inlet = openInlet(rig.context);
  for (const sourceId of ['s', 'other']) {
    await createSource(rig.context, { sourceId, flow: rig.write('rules.yml', rulesFlow()), settings: pushed() });
    await controlSource(rig.context, sourceId, { wish: 'run', reason: 'test' });
  }
});
afterEach(() => rig.close());

const pushed = (more: object = {}, connector: object = {}) =>
  rig.settings({ connector: { kind: 'push', ...connector }, record: { key: 'id' }, ...more });
function fieldsOf(json: object): ObjectValue {
  const parsed = parseJson(JSON.stringify(json));
  if (parsed.ok && isObject(parsed.value)) return parsed.value;
  throw new Error('no object');
}
const send = (recordId: string | null, json: object, sourceId = 's') => inlet.push(sourceId, [{ fields: fieldsOf(json), recordId }]);

describe('pushed records', () => {
  it('are taken once under the id that a client gave them', async () => {
    const [first] = await send('r-1', { text: 'hi' });
    expect(first?.status).toBe('accepted');
    expect(await send('r-1', { text: 'other text' })).toEqual([{ ...first, status: 'duplicate' }]);
    expect(await runSource(rig.context, 's')).toMatchObject({ decided: 1 });
    expect(await send('r-1', { text: 'hi' })).toEqual([{ ...first, status: 'duplicate' }]);
    expect(await runSource(rig.context, 's')).toMatchObject({ decided: 0 });
  });

  it('that became dead letters keep the id that their client gave them', async () => {
    expect(await send('r-1', { body: 'hi' })).toMatchObject([{ status: 'dead-letter' }]);
    const mapped = pushed({ record: { key: 'id', inputs: { text: 'body' } } });
    await configureSource(rig.context, { sourceId: 's', settings: mapped });
    expect(await replayDeadLetters(rig.context, { sourceId: 's' })).toMatchObject({ replayed: 1, leftCount: 0 });
    await expect.poll(async () => (await send('r-1', { body: 'hi' }))[0]?.status, { timeout: 5_000 }).toBe('duplicate');
    expect(await runSource(rig.context, 's')).toMatchObject({ decided: 1, deadLetters: 0 });
    // The other way round: sent again first, replayed afterwards.
    await configureSource(rig.context, { sourceId: 's', settings: pushed() });
    await expect.poll(async () => (await send('r-2', { body: 'hi' }))[0]?.status, { timeout: 5_000 }).toBe('dead-letter');
    await configureSource(rig.context, { sourceId: 's', settings: mapped });
    await expect.poll(async () => (await send('r-2', { body: 'hi' }))[0]?.status, { timeout: 5_000 }).not.toBe('dead-letter');
    await replayDeadLetters(rig.context, { sourceId: 's' });
    expect(await runSource(rig.context, 's')).toMatchObject({ decided: 1 });
  });

  it('with the same id in another source are others', async () => {
    await send('r-1', { text: 'hi' });
    expect(await send('r-1', { text: 'an offer' }, 'other')).toMatchObject([{ status: 'accepted' }]);
    expect(await runSource(rig.context, 's')).toMatchObject({ decided: 1 });
    expect(await runSource(rig.context, 'other')).toMatchObject({ decided: 1 });
    const made = await decisionsMade(rig.context);
    expect(made.map(({ sourceId, label }) => [sourceId, label])).toEqual([
      ['s', 'ham'],
      ['other', 'spam'],
    ]);
    expect(new Set(made.map(({ runId }) => runId)).size).toBe(2);
  });

  it('without an id are each their own, and one field can be the id', async () => {
    expect((await Promise.all([send(null, { text: 'hi' }), send(null, { text: 'hi' })])).flat().map(({ status }) => status)).toEqual([
      'accepted',
      'accepted',
    ]);
    await configureSource(rig.context, { sourceId: 'other', settings: pushed({}, { idField: 'id' }) });
    const statuses = [];
    for (const id of [7, 7, '7', 'x']) statuses.push((await send(null, { id, text: 'hi' }, 'other'))[0]?.status);
    expect(statuses).toEqual(['accepted', 'duplicate', 'duplicate', 'accepted']);
  });

  it('with equal ids at the same time are one', async () => {
    const all = await Promise.all(Array.from({ length: 12 }, () => send('r-1', { text: 'hi' })));
    expect(all.flat().filter(({ status }) => status === 'accepted')).toHaveLength(1);
    const both = await inlet.push('s', [
      { fields: fieldsOf({ text: 'a' }), recordId: 'r-2' },
      { fields: fieldsOf({ text: 'b' }), recordId: 'r-2' },
    ]);
    expect(both.map(({ status }) => status)).toEqual(['accepted', 'duplicate']);
    expect(await runSource(rig.context, 's')).toMatchObject({ decided: 2 });
  });

  it('that cannot be used are dead letters, and say why', async () => {
    expect(await send('r-1', { body: 'no text' })).toEqual([
      { status: 'dead-letter', reason: 'it does not fit flow "rules": input "text" is required' },
    ]);
    expect(await send('x'.repeat(201), { text: 'hi' })).toEqual([
      { status: 'dead-letter', reason: 'its id is longer than 200 characters' },
    ]);
    expect(await send('x'.repeat(200), { text: 'hi' })).toMatchObject([{ status: 'accepted' }]);
    expect((await listDeadLetters(rig.context, { sourceId: 's' })).map(({ text }) => text)).toEqual([
      '{"body":"no text"}',
      '{"text":"hi"}',
    ]);
  });

  it('that the filter leaves out are counted', async () => {
    const filter = { conditions: [{ field: 'text', operator: 'contains', value: 'offer' }] };
    await configureSource(rig.context, { sourceId: 's', settings: pushed({ record: { filter } }) });
    const fresh = openInlet(rig.context);
    expect(await fresh.push('s', [{ fields: fieldsOf({ text: 'hi' }), recordId: 'r-1' }])).toEqual([{ status: 'skipped' }]);
    expect((await rig.context.storage.inbox.counts('default', 's')).skipped).toBe(1);
  });

  it('are refused while too many wait, until the limit is another or they are decided', async () => {
    await configureSource(rig.context, { sourceId: 's', settings: pushed({ decide: { maxPending: 2 } }) });
    const fresh = openInlet(rig.context);
    const push = (id: string) => fresh.push('s', [{ fields: fieldsOf({ text: 'hi' }), recordId: id }]);
    await push('1');
    await push('2');
    await expect(push('3')).rejects.toMatchObject({ code: 'busy', message: 'too many records of source "s" wait to be decided' });
    expect((await rig.context.storage.inbox.counts('default', 's')).pending).toBe(2);
    await configureSource(rig.context, { sourceId: 's', settings: pushed({ decide: { maxPending: 50 } }) });
    await vi.waitFor(async () => expect(await push('3')).toMatchObject([{ status: 'accepted' }]), { timeout: 5_000 });
  });

  it('are refused by a source that is stopped, unknown or not pushed to; one that is paused takes them', async () => {
    const wish = (kind: 'pause' | 'stop') => controlSource(rig.context, 's', { wish: kind, reason: 'test' });
    await wish('stop');
    await expect(openInlet(rig.context).push('s', [])).rejects.toMatchObject({ code: 'conflict', message: 'source "s" is stopped' });
    await wish('pause');
    expect(await openInlet(rig.context).push('s', [{ fields: fieldsOf({ text: 'hi' }), recordId: '1' }])).toMatchObject([
      { status: 'accepted' },
    ]);
    await expect(send('1', {}, 'nobody')).rejects.toMatchObject({ code: 'not_found' });
    await createSource(rig.context, { sourceId: 'file', flow: rig.write('rules.yml', rulesFlow()), settings: rig.settings() });
    await expect(send('1', {}, 'file')).rejects.toMatchObject({
      code: 'usage',
      message: 'source "file" reads by itself (file), and is not pushed to',
    });
  });
});
