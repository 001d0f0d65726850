import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { workingFolder } from './fixtures.ts';
import { newFolder, riskflow, riskflowJson } from './riskflow.ts';

describe.concurrent('riskflow source validate', () => {
  it('prints everything that is wrong at once, and nothing of a secret that was put in the wrong place', async () => {
    const folder = workingFolder();
    const start = { data: join(newFolder(), 'data'), folder };
    const connector = {
      kind: 'kafka',
      brokers: ['u:hunter2@broker:1'],
      topics: ['reports'],
      sasl: { mechanism: 'plain', username: 'u', passwordEnv: 'hunter2!' },
    };
    writeFileSync(join(folder, 'wrong.yml'), JSON.stringify({ name: 's', flow: 'good', connector, decide: { concurrency: 0 }, extra: 1 }));
    const { code, out, err } = await riskflow(['source', 'validate', '--config', 'wrong.yml'], start);
    expect(code).toBe(2);
    expect(out.split('\n').map((line) => line.split(':')[0])).toEqual([
      'wrong.yml',
      'connector.brokers.0',
      'connector.sasl.passwordEnv',
      'decide.concurrency',
      'Unrecognized key',
      'flow',
      '  → name a .yml file exported from Dify',
      '',
    ]);
    expect(out + err).not.toContain('hunter2');
  });

  it('checks the mapping against the flow, and is content with what is right', async () => {
    const folder = workingFolder();
    const start = { data: join(newFolder(), 'data'), folder };
    const file = (record: object): void =>
      writeFileSync(join(folder, 's.yml'), JSON.stringify({ name: 's', flow: 'good.yml', connector: { kind: 'push' }, record }));
    file({ inputs: { txt: 'body' }, eventTime: 'a..b' });
    expect(await riskflow(['source', 'validate', '--config', 's.yml', '--json'], start)).toMatchObject({ code: 2 });
    const { out } = await riskflow(['source', 'validate', '--config', 's.yml'], start);
    expect(out).toContain('record.inputs.txt: flow "good" has no input "txt"\n  → its inputs are: text');
    expect(out).toContain('record.eventTime: "a..b" is not a path');
    file({ inputs: { text: 'body' } });
    expect(await riskflowJson(['source', 'validate', '--config', 's.yml'], start)).toEqual({
      name: 's',
      flow: join(folder, 'good.yml'),
      problems: [],
    });
    expect(await riskflow(['source', 'status'], start)).toMatchObject({ out: '' });
  });
});
