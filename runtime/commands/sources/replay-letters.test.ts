import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openStreamRig, type StreamRig } from '../../streams/stream-rig.ts';
import { runSource } from '../../streams/keeping/run-source.ts';
import { listDeadLetters } from './dead-letters.ts';
import { replayDeadLetters } from './replay-letters.ts';

let rig: StreamRig;
beforeEach(async () => {
  rig = await openStreamRig();
});
afterEach(() => rig.close());

const replay = (more: { readonly ids?: readonly number[]; readonly value?: string } = {}) =>
  replayDeadLetters(rig.context, { sourceId: 's', ...more });
const letters = () => listDeadLetters(rig.context, { sourceId: 's' });

describe('replaying dead letters', () => {
  beforeEach(async () => {
    await rig.create();
    rig.write('records.ndjson', '{"id": "1", "who": "a", "text": "hi"}\n{"id": "2", "broken\n{"id": "3", "body": "an offer"}\n');
    await runSource(rig.context, 's');
  });

  it('tells of each where it failed, with its bytes', async () => {
    expect(
      (await letters()).map(({ stage, text, bytes, key, headers, replayedAs }) => ({ stage, text, bytes, key, headers, replayedAs })),
    ).toEqual([
      { stage: 'decode', text: '{"id": "2", "broken', bytes: 19, key: null, headers: {}, replayedAs: null },
      { stage: 'map', text: '{"id": "3", "body": "an offer"}', bytes: 31, key: null, headers: {}, replayedAs: null },
    ]);
  });

  it('with settings that fit makes records of them, once each', async () => {
    const [broken, other] = await letters();
    const unchanged = await replay();
    expect(unchanged).toMatchObject({ replayed: 0, skipped: 0, leftCount: 2 });
    expect(unchanged.left).toEqual([
      { id: broken?.id, reason: expect.stringContaining('it is not valid JSON') as string },
      { id: other?.id, reason: 'it does not fit flow "rules": input "text" is required' },
    ]);
    await rig.configure({ record: { key: 'id', inputs: { text: 'body' } } });
    expect(await replay()).toMatchObject({ replayed: 1, leftCount: 1 });
    expect(await replay()).toMatchObject({ replayed: 0, leftCount: 1 });
    expect(await runSource(rig.context, 's')).toMatchObject({ records: 0, decided: 1 });
    expect((await rig.decisions()).map(({ recordKey, label }) => [recordKey, label])).toEqual([
      ['1', 'ham'],
      ['3', 'spam'],
    ]);
    expect(await rig.status()).toMatchObject({ deadLetters: 1, decided: 2 });
    await expect(replay({ ids: [other?.id ?? 0] })).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringMatching(/^the dead letter \d+ was replayed before, as record [0-9a-f]{32}$/) as string,
    });
  });

  it('with a value takes that instead of the bytes', async () => {
    const [broken] = await letters();
    const ids = [broken?.id ?? 0];
    expect(await replay({ ids, value: '{"id": "2"}' })).toMatchObject({
      replayed: 0,
      left: [{ id: ids[0], reason: 'it does not fit flow "rules": input "text" is required' }],
    });
    expect(await replay({ ids, value: '{"id": "2", "who": "a", "text": "an offer"}' })).toMatchObject({ replayed: 1, leftCount: 0 });
    expect(await runSource(rig.context, 's')).toMatchObject({ decided: 1 });
    expect((await rig.decisions()).at(-1)).toMatchObject({ recordKey: '2', label: 'spam' });
    expect((await listDeadLetters(rig.context, { sourceId: 's', replayed: true })).find(({ id }) => id === ids[0])?.text).toBe(
      '{"id": "2", "broken',
    );
  });

  it('says what is wrong with the request', async () => {
    await expect(replay({ value: '{}' })).rejects.toMatchObject({ code: 'usage' });
    await expect(replay({ ids: [999] })).rejects.toMatchObject({ code: 'not_found', message: 'source "s" has no dead letter 999' });
  });
});
