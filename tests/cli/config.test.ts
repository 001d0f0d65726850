import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { newFolder, riskflow } from './riskflow.ts';

const CONFIG = [
  'storage:',
  '  mysql:',
  '    url: mysql://risk@db:3306/riskflow',
  '    passwordEnv: DB_PASSWORD',
  'modelConcurrency: many',
  '',
].join('\n');

function start(config: string | undefined, env: Readonly<Record<string, string>> = {}) {
  const folder = newFolder();
  if (config !== undefined) writeFileSync(join(folder, 'riskflow.yml'), config);
  return { folder, data: join(folder, 'data'), env };
}

describe('riskflow config check', () => {
  it('says so when nothing is wrong', async () => {
    const { code, out, err } = await riskflow(['config', 'check'], start(undefined));
    expect([code, out, err]).toEqual([0, 'the environment (there is no configuration file): nothing is wrong\n', '']);
  });

  it('prints all errors and warnings with their places and how to mend them, and ends with 2', async () => {
    const { code, out, err } = await riskflow(['config', 'check'], start(CONFIG, { RISKFLOW_TEMPORAL_ADRESS: 't:1' }));
    expect([code, err]).toEqual([2, '']);
    expect(out.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/^error: riskflow\.yml:4:18 storage\.mysql\.passwordEnv: there is no password for MySQL: .*DB_PASSWORD/),
      '  → set the environment variable DB_PASSWORD, or DB_PASSWORD_FILE to a file that holds it',
      'error: riskflow.yml:5:19 modelConcurrency: number is expected here, not string',
      expect.stringMatching(/^ {2}→ .*such as 32$/),
      'warning: nothing reads the variable RISKFLOW_TEMPORAL_ADRESS',
      '  → did you mean RISKFLOW_TEMPORAL_ADDRESS?',
      'riskflow.yml and the environment: 2 errors, 1 warning',
    ]);
  });

  it('prints one document with --json, also for a file that is named', async () => {
    const begun = start(undefined);
    writeFileSync(join(begun.folder, 'other.yml'), 'prices: 3\n');
    const { code, out } = await riskflow(['config', 'check', 'other.yml', '--json'], begun);
    expect([code, JSON.parse(out)]).toEqual([
      2,
      {
        file: join(begun.folder, 'other.yml'),
        errors: [
          {
            setting: 'prices',
            file: join(begun.folder, 'other.yml'),
            line: 1,
            column: 9,
            message: 'record is expected here, not number',
            hint: null,
          },
        ],
        warnings: [],
      },
    ]);
  });

  it('ends with 0 when there are warnings only', async () => {
    expect((await riskflow(['config', 'check'], start('temporal: { taskQueue: q }\n'))).code).toBe(0);
  });
});

describe('riskflow config show', () => {
  it('prints each setting, its value and where that comes from, and no secret', async () => {
    const secret = 'hunter22-canary';
    const { code, out } = await riskflow(
      ['config', 'show'],
      start(CONFIG.replace('many', '4'), { DB_PASSWORD: secret, OPENAI_API_KEY: secret }),
    );
    expect(code).toBe(0);
    const rows = out.split('\n').map((line) => line.split(/ {2,}/));
    expect(rows).toContainEqual(['storage.mysql.url', 'mysql://risk@db:3306/riskflow', 'riskflow.yml:3']);
    expect(rows).toContainEqual(['modelConcurrency', '4', 'riskflow.yml:5']);
    expect(rows).toContainEqual(['OPENAI_API_KEY', 'set', 'OPENAI_API_KEY']);
    expect(rows).toContainEqual(['runTimeoutMs', '1200000', 'default']);
    expect(out).not.toContain('hunter');
  });

  it('cuts nothing where no terminal is', async () => {
    const folder = `/var/lib/${'long-name-'.repeat(12)}end`;
    const { out } = await riskflow(['config', 'show'], { ...start(undefined), data: folder });
    expect(out.split('\n').map((line) => line.split(/ {2,}/))).toContainEqual(['RISKFLOW_DATA', folder, 'RISKFLOW_DATA']);
    expect(out).not.toContain('…');
  });

  it('shows what can be read of settings that are wrong, and ends with 2', async () => {
    const { code, out, err } = await riskflow(['config', 'show', '--json'], start(CONFIG, { DB_PASSWORD: 'x' }));
    expect([code, err]).toEqual([
      2,
      'riskflow: warning: one setting is wrong, and those of the file are left out here: riskflow config check\n',
    ]);
    const { settings, errors } = JSON.parse(out) as {
      readonly settings: readonly { readonly setting: string; readonly value: string }[];
      readonly errors: number;
    };
    expect(errors).toBe(1);
    expect(settings.find(({ setting }) => setting === 'modelConcurrency')).toMatchObject({ value: '16', source: { kind: 'default' } });
  });
});
