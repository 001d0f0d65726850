import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { workingFolder } from './cli/fixtures.ts';
import { newFolder, riskflow, startRiskflow, type Start } from './cli/riskflow.ts';

/** Ids and times are new each time. */
const lasting = (text: string): string =>
  text.replaceAll(/"(id|runId|elapsedMs|startedAt|finishedAt|[a-z]*At)": ?("[^"]*"|[\d.]+)/gi, '"$1":_');

describe('a command in the kept process does what it does in one of its own', () => {
  let folder: string;
  beforeAll(() => {
    folder = workingFolder();
    writeFileSync(join(folder, 'fails.json'), JSON.stringify({ ask: { error: 'not now' } }));
  });

  it.each<{ readonly args: readonly string[]; readonly code: number; readonly env?: Readonly<Record<string, string>> }>([
    { args: ['--version'], code: 0 },
    { args: ['--help'], code: 0 },
    { args: ['evl'], code: 2 },
    { args: ['evl', '--debug'], code: 2 },
    { args: ['flow', 'list', '--json'], code: 0 },
    { args: ['flow', 'list'], code: 2, env: { RISKFLOW_CONFIG: 'none.yml' } },
    { args: ['flow', 'validate', 'oddParams.yml'], code: 0 },
    { args: ['run', 'good.yml', '--inputs', '{"text": "win"}', '--json'], code: 0 },
    { args: ['run', 'good.yml'], code: 2 },
    { args: ['run', 'ask.yml', '--inputs', '{"text": "x"}', '--pin', 'fails.json', '--json'], code: 1 },
    { args: ['sample', 'import', 'small', 'samples.csv'], code: 0 },
    { args: ['source', 'status'], code: 0 },
  ])('riskflow $args', async ({ args, code, env = {} }) => {
    const place = (): Start => ({ data: join(newFolder(), 'data'), folder, env });
    const own = await startRiskflow(args, place()).finished;
    const kept = await riskflow(args, place());
    expect([kept.code, own.code]).toEqual([code, code]);
    expect(lasting(kept.out)).toBe(lasting(own.out));
    // Of a stack, what called differs.
    const sentence = (err: string): string => (args.includes('--debug') ? (err.split('\n')[0] ?? '') : lasting(err));
    expect(sentence(kept.err)).toBe(sentence(own.err));
  });

  it('and nothing of its surroundings is left to the next one', async () => {
    const data = join(newFolder(), 'data');
    const refused = await riskflow(['flow', 'list'], { data, folder, env: { OPENAI_BASE_URL: 'localhost:8000' } });
    expect(refused.code).toBe(2);
    expect(await riskflow(['flow', 'list'], { data, folder })).toMatchObject({ code: 0 });
    const elsewhere = await riskflow(['run', 'good.yml'], { data, folder: newFolder() });
    expect(elsewhere.err).toMatch(/^riskflow: the flow file good\.yml cannot be read: there is no such file\n/);
  });

  it('several at once answer each for itself', async () => {
    const names = Array.from({ length: 9 }, (_, i) => `no-${i}`);
    const data = join(newFolder(), 'data');
    const finished = await Promise.all(names.map((name) => riskflow(['sample', 'show', name], { data, folder })));
    expect(finished.map(({ code, err }) => [code, /no-\d/.exec(err)?.[0]])).toEqual(names.map((name) => [2, name]));
  });
});
