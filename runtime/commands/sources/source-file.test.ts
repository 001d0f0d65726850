import { afterEach, beforeEach, expect, it } from 'vitest';
import { rulesFlow } from '../../streams/source-rig.ts';
import { openStreamRig, type StreamRig } from '../../streams/stream-rig.ts';
import { createSource } from './create-source.ts';
import { readSourceFile, validateSourceFile } from './source-file.ts';

let rig: StreamRig;
beforeEach(async () => {
  rig = await openStreamRig();
});
afterEach(() => rig.close());

const places = (problems: readonly { readonly where: string }[]): readonly string[] => problems.map(({ where }) => where).sort();
const wrong = {
  name: '-x',
  flow: 'nowhere',
  onDuplicateKey: 'keep',
  connector: { kind: 'file', path: 'missing.ndjson' },
  record: { filter: { conditions: [{ field: 'a', operator: 'like', value: 'b' }] } },
};
const WRONG = ['connector.path', 'flow', 'name', 'onDuplicateKey', 'record.filter.conditions[0].operator'];

it('tells of everything at once, also where the flow is not known', async () => {
  const path = rig.write('source.yml', JSON.stringify(wrong));
  expect(places((await validateSourceFile(rig.context, path)).problems)).toEqual(WRONG);
  await expect(readSourceFile(rig.context, path)).rejects.toSatisfy(
    (error: { problems: never }) => places(error.problems).join() === WRONG.join(),
  );
  const { name: _name, flow: _flow, ...rest } = wrong;
  const settings = rig.settings(rest);
  const refused = createSource(rig.context, { sourceId: '-x', flow: 'nowhere', settings });
  await expect(refused).rejects.toSatisfy((error: { problems: never }) => places(error.problems).join() === WRONG.join());
});

it('tells of the parts that can be looked at where others have the wrong shape', async () => {
  const path = rig.write(
    'source.yml',
    JSON.stringify({ ...wrong, connector: { kind: 'file' }, errors: 'some', flow: rig.write('rules.yml', rulesFlow()) }),
  );
  expect(places((await validateSourceFile(rig.context, path)).problems)).toEqual([
    ...['connector.path', 'errors', 'name', 'record.filter.conditions[0].operator'],
  ]);
});

it('takes the flow that is to decide instead, and asks for none where another one does', async () => {
  const good = { name: 's', flow: 'nowhere', connector: { kind: 'push' } };
  const path = rig.write('source.yml', JSON.stringify(good));
  const flow = rig.write('rules.yml', rulesFlow());
  expect(await readSourceFile(rig.context, path, { flow })).toMatchObject({ name: 's' });
  expect(await readSourceFile(rig.context, path, { flow: null })).toMatchObject({ name: 's' });
});
