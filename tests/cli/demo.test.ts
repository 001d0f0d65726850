import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { countRows, newFolder, riskflow, riskflowJson } from './riskflow.ts';

type Demo = {
  readonly folder: string;
  readonly report: string;
  readonly verdict: string;
  readonly steps: readonly { readonly command: readonly string[]; readonly exitCode: number; readonly result: unknown }[];
};
type Projections = { readonly projections: readonly { readonly name: string; readonly hash: string }[] };

/** What a second demo must not make more of. */
const ONCE = ['flow_versions', 'sample_set_versions', 'models', 'sources', 'decisions', 'inbox'] as const;

describe('riskflow demo', () => {
  it('tells its story, can be run again without making anything twice, and its read models can be rebuilt', async () => {
    const base = newFolder();
    const data = join(base, 'data');
    const first = await riskflow(['demo'], { data });
    expect(first.err).not.toMatch(/unexpected|warning/i);
    expect(first.code).toBe(0);
    const demoFolder = join(data, 'demo');
    expect(readdirSync(data)).toEqual(['demo']);
    expect(
      readdirSync(demoFolder)
        .filter((name) => !/-(wal|shm)$/.test(name))
        .sort(),
    ).toEqual(['report.html', 'riskflow.sqlite']);
    for (let step = 1; step <= 9; step++) expect(first.out).toMatch(new RegExp(`\n${step}/9 {2}[A-Z].*\n\\$ \\./riskflow [a-z]+ [a-z]+ `));
    expect(first.out).toMatch(/\nConfusion \(rows: label\)\n/);
    expect(first.out).toMatch(/samples gained \(A wrong, B right\)\n {2}r\d{4}: label /);
    expect(first.out).toMatch(/\n(PASS|FAIL|UNDECIDED) {2}/);
    expect(first.out).toContain(`The report is ${join(demoFolder, 'report.html')}\n`);
    const html = readFileSync(join(demoFolder, 'report.html'), 'utf8');
    expect(html).toMatch(/^<!doctype html>/i);
    expect(html).not.toMatch(/(src|href)="?https?:|@import|url\(http/);

    const counts = (): readonly number[] => ONCE.map((table) => countRows(demoFolder, table));
    const before = counts();
    expect(before[0]).toBe(2);
    expect(before[1]).toBe(3);
    expect(before[4]).toBe(before[5]);
    expect(before[4]).toBeGreaterThanOrEqual(400);

    const again = await riskflowJson<Demo>(['demo'], { data });
    expect(again).toMatchObject({ folder: demoFolder, report: join(demoFolder, 'report.html') });
    expect(['PASS', 'FAIL', 'UNDECIDED']).toContain(again.verdict);
    expect(again.steps.map(({ command }) => command.slice(0, 2).join(' '))).toEqual([
      'flow import',
      'flow import',
      'sample import',
      'sample split',
      'model train',
      'source create',
      'source start',
      'decision list',
      'eval run',
    ]);
    expect(again.steps.map(({ result }) => result)).toEqual(expect.arrayContaining([expect.objectContaining({ decided: 0, records: 0 })]));
    expect(counts()).toEqual(before);
    expect(countRows(demoFolder, 'evaluations')).toBe(2);

    const own = { data: demoFolder };
    const status = await riskflowJson<Projections>(['projection', 'status'], own);
    expect(await riskflowJson(['projection', 'rebuild'], own)).toEqual(status);
  });

  it('stops at the step that fails, with its sentence and exit code', async () => {
    const data = newFolder();
    const { code, out, err } = await riskflow(['demo'], { data, env: { OPENAI_BASE_URL: 'nowhere' } });
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(/^riskflow: OPENAI_BASE_URL is "nowhere", which is not an http\(s\) address\n {2}→ .+\n$/);
  });
});
