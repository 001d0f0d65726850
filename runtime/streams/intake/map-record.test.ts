import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ObjectValue, Value } from '../../../schemas/index.ts';
import { mapRecord, type MappedRecord } from './map-record.ts';
import { makerOf } from './read-source.ts';
import { watchSource } from '../source-watch.ts';
import { openStreamRig, type StreamRig } from '../stream-rig.ts';

let rig: StreamRig;
beforeEach(async () => {
  rig = await openStreamRig();
  await rig.create();
});
afterEach(() => rig.close());

const map = async (fields: ObjectValue): Promise<MappedRecord> => {
  const view = (await watchSource(rig.context, 's')).view();
  const origin = { sourceId: 's', incarnation: 1, topic: 't', partition: 0, offset: 0 };
  const read = { offset: 0, bytes: Uint8Array.of(1, 2), meta: null, content: { ok: true, fields } as const, recordId: null };
  return mapRecord(makerOf(rig.context, view), read, origin);
};

function nested(levels: number): Value {
  let value: Value = 'x';
  for (let i = 0; i < levels; i++) value = [value];
  return value;
}

it.each([
  ['nested so deep that its text could not be read again', nested(5_000)],
  ['nested so deep that the stack would not hold it', nested(1_000_000)],
  ['with an integer that JSON does not take', 10n ** 5_000n],
])('a record that was no JSON, %s, is a dead letter', async (_what, value) => {
  expect(
    await map(
      new Map<string, Value>([
        ['text', 'hi'],
        ['odd', value],
      ]),
    ),
  ).toMatchObject({
    kind: 'letter',
    letter: { stage: 'decode', reason: 'it is nested deeper than 200 levels, or has an integer of more than 4300 digits' },
  });
  expect(
    await map(
      new Map<string, Value>([
        ['text', 'hi'],
        ['odd', nested(100)],
      ]),
    ),
  ).toMatchObject({ kind: 'record' });
});
