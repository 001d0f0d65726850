import { afterEach, beforeEach, expect, it } from 'vitest';
import { rulesFlow } from '../../streams/source-rig.ts';
import { openStreamRig, type StreamRig } from '../../streams/stream-rig.ts';
import { moveSourceOffset } from './control-source.ts';
import { createSource } from './create-source.ts';

let rig: StreamRig;
beforeEach(async () => {
  rig = await openStreamRig();
});
afterEach(() => rig.close());

const create = (connector: object) =>
  createSource(rig.context, { sourceId: 's', flow: rig.write('rules.yml', rulesFlow()), settings: rig.settings({ connector }) });
const move = (topic: string, to: number) => moveSourceOffset(rig.context, 's', { topic, partition: 0, to });

it('a query can only be read from its beginning again, as other records', async () => {
  const { storage, workspaceId } = rig.context;
  await create({ kind: 'mysql', url: 'mysql://reader@localhost/reports', query: 'SELECT * FROM r', watermark: 'id' });
  const place = { sourceId: 's', topic: 'query', partition: 0 };
  await storage.inbox.moveOffset(workspaceId, { ...place, incarnation: 1, nextOffset: 100, position: '{"watermark":"100","key":null}' });
  await expect(move('query', 50)).rejects.toMatchObject({ code: 'usage', hint: expect.stringContaining('set 0') as string });
  expect(await storage.inbox.offset(workspaceId, 's', 'query', 0)).toMatchObject({ incarnation: 1, nextOffset: 100 });
  await move('query', 0);
  expect(await storage.inbox.offset(workspaceId, 's', 'query', 0)).toMatchObject({ incarnation: 2, nextOffset: 0, position: null });
});

it.each(['push', 'stdin'])('what comes by %s cannot be read again', async (kind) => {
  await create({ kind });
  await expect(move('s', 0)).rejects.toMatchObject({ code: 'usage', hint: expect.stringContaining('source replay') as string });
  expect(await rig.context.storage.inbox.offsets(rig.context.workspaceId, 's')).toEqual([]);
});

it('a file is read on from any byte, as the same records', async () => {
  await create({ kind: 'file', path: rig.write('records.ndjson', '{"id": "1", "text": "hi"}\n') });
  await move('records.ndjson', 7);
  expect(await rig.context.storage.inbox.offset(rig.context.workspaceId, 's', 'records.ndjson', 0)).toMatchObject({
    incarnation: 1,
    nextOffset: 7,
  });
});
