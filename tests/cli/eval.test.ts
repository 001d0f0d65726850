import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { EvaluationSummary, ResultRow } from '../../schemas/index.ts';
import { copyOf, dataWithSamples, evalOf, workingFolder } from './fixtures.ts';
import { modelEndpoint } from './model-endpoint.ts';
import { contentOf, countRows, newFolder, riskflow, riskflowJson, startRiskflow } from './riskflow.ts';

type Listed = {
  readonly evaluations: readonly {
    readonly id: string;
    readonly status: string;
    readonly createdAt: string;
    readonly verdict: string | null;
  }[];
};

const onWindows = process.platform === 'win32';

describe.concurrent('riskflow eval', () => {
  let folder: string;
  let template: string;
  beforeAll(async () => {
    folder = workingFolder();
    template = await dataWithSamples(folder);
  });

  /** Data of its own, with the sample set. */
  const newData = (): Promise<string> => copyOf(template);

  it.each([
    { a: 'bad.yml', b: 'good.yml', verdict: 'PASS', code: 0, estimate: 1 },
    { a: 'good.yml', b: 'bad.yml', verdict: 'FAIL', code: 3, estimate: -1 },
    { a: 'good.yml', b: 'good.yml', verdict: 'UNDECIDED', code: 4, estimate: 0 },
  ])('run: $a against $b is $verdict, exit code $code', async ({ a, b, verdict, code, estimate }) => {
    const data = await newData();
    const finished = await riskflow(evalOf(a, b, '--json', '--positive', 'spam'), { data, folder });
    expect(finished.code).toBe(code);
    const summary = JSON.parse(finished.out) as EvaluationSummary;
    expect(summary).toMatchObject({
      status: 'judged',
      sampleSet: 'small@test',
      n: 20,
      verdict,
      report: null,
      difference: { estimate, test: 'newcombe-paired' },
    });
    expect(Object.keys(summary.variants)).toEqual(['A', 'B']);
    expect(summary.variants['B']).toMatchObject({ calls: 0, reused: 0, errors: 0, n: 20, tokens: { input: 0, output: 0 } });
    expect(finished.err).toContain(`if it is interrupted: riskflow eval resume ${summary.id}\n`);
    expect(finished.err).toContain(`riskflow: samples small@test are version ${summary.sampleSetVersion}\n`);
  });

  it('its figures are those of the results it lists, and show, list and report agree', async () => {
    const data = await newData();
    const first = await riskflowJson<EvaluationSummary>(evalOf('bad.yml', 'good.yml'), { data, folder });
    const { out } = await riskflow(['eval', 'show', first.id, '--results', '--json'], { data, folder });
    const results = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as ResultRow);
    expect(results.length).toBe(40);
    expect(results[0]).toMatchObject({ variant: expect.stringMatching(/^[AB]$/) as string, repeat: 0, error: null });
    for (const name of ['A', 'B']) {
      const own = results.filter((result) => result.variant === name);
      const confusion: Record<string, Record<string, number>> = {};
      for (const { label, prediction } of own) {
        const row = (confusion[label ?? ''] ??= {});
        row[prediction ?? ''] = (row[prediction ?? ''] ?? 0) + 1;
      }
      const variant = first.variants[name];
      expect(variant?.correct).toBe(own.filter((result) => result.label === result.prediction).length);
      expect(variant?.confusion).toMatchObject(confusion);
    }
    expect(await riskflowJson(['eval', 'show', first.id], { data, folder })).toEqual(first);

    const second = await riskflow(evalOf('good.yml', 'good.yml', '--json'), { data, folder });
    const { evaluations } = await riskflowJson<Listed>(['eval', 'list'], { data, folder });
    expect(evaluations.map(({ id }) => id)).toEqual([(JSON.parse(second.out) as EvaluationSummary).id, first.id]);
    expect(evaluations.map(({ status, verdict }) => [status, verdict])).toEqual([
      ['judged', 'UNDECIDED'],
      ['judged', 'PASS'],
    ]);
    expect(evaluations[0]?.createdAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

    const before = contentOf(data);
    const path = join(newFolder(), 'report.html');
    expect(await riskflowJson(['eval', 'report', first.id, '--report', path], { data, folder })).toEqual({
      id: first.id,
      verdict: 'PASS',
      report: path,
    });
    expect(readFileSync(path, 'utf8')).toMatch(/^<!doctype html>/i);
    // A finished evaluation is only printed again.
    expect(await riskflowJson(['eval', 'resume', first.id], { data, folder })).toEqual(first);
    expect(contentOf(data)).toBe(before);
  });

  it('prints the verdict for people, with the report it wrote', async () => {
    const data = await newData();
    const report = join(newFolder(), 'r.html');
    const { code, out } = await riskflow(evalOf('bad.yml', 'good.yml', '--report', report, '--variant', 'C=good.yml'), { data, folder });
    expect(code).toBe(0);
    expect(out).toMatch(/\nPASS {2}/);
    expect(out).toContain('20 samples gained (A wrong, B right)');
    expect(out).toMatch(/win a prize number \d/);
    expect(out).toContain(`Report: ${report}\n`);
    expect(out).not.toContain('\u001b');
    const html = readFileSync(report, 'utf8');
    expect(html).not.toMatch(/(src|href)="?https?:/);
  });

  it('--map-model applies to the variants that ask for the model', async () => {
    const endpoint = await modelEndpoint((prompt) => ({ text: prompt.includes('win') ? 'spam' : 'ham' }));
    const args = evalOf('bad.yml', 'foreign.yml', '--map-model', 'acme/m1=openai/small', '--json');
    const { out, err, code } = await riskflow(args, { data: await newData(), folder, env: { OPENAI_BASE_URL: endpoint.url } });
    expect([code, err]).toEqual([0, expect.stringContaining('model acme/m1 is replaced by openai/small')]);
    expect((JSON.parse(out) as EvaluationSummary).variants).toMatchObject({ A: { calls: 0, modelMap: {} }, B: { calls: 20, accuracy: 1 } });
  });

  it('--pin gives a variant its result without a call, and the summary says which variant', async () => {
    const pins = join(newFolder(), 'pins.json');
    await writeFile(pins, '{"type:llm": {"outputs": {"text": "spam"}}}');
    const { out, code } = await riskflow(evalOf('bad.yml', 'ask.yml', '--pin', pins, '--json'), { data: await newData(), folder });
    expect(code).toBe(0);
    expect((JSON.parse(out) as EvaluationSummary).variants).toMatchObject({
      A: { pinned: [], accuracy: 0 },
      B: { pinned: ['type:llm'], accuracy: 0.5, calls: 0 },
    });
  });

  describe.skipIf(onWindows)(onWindows ? 'interrupted (skipped: Windows has no signals)' : 'interrupted', () => {
    it('says how to go on; resumed, it pays again only for what was in flight', async () => {
      const concurrency = 4;
      const endpoint = await modelEndpoint((prompt) => ({ text: prompt.includes('win') ? 'spam' : 'ham' }), 150);
      const data = await newData();
      const start = { data, folder, env: { OPENAI_BASE_URL: endpoint.url } };
      const running = startRiskflow(evalOf('bad.yml', 'ask.yml', '--concurrency', String(concurrency)), start);
      const id = await running.printed(/eval resume (e-[\w-]+)/);
      await endpoint.called(6);
      running.child.kill('SIGINT');
      const { code, out, err } = await running.finished;
      expect([code, out]).toEqual([1, '']);
      expect(err).toMatch(
        new RegExp(`\nriskflow: evaluation ${id} was interrupted; what is done is stored\n  → go on with: riskflow eval resume ${id}\n$`),
      );
      const { evaluations } = await riskflowJson<Listed>(['eval', 'list'], start);
      expect(evaluations).toEqual([expect.objectContaining({ id, status: 'interrupted', verdict: null })]);
      expect(await riskflowJson<EvaluationSummary>(['eval', 'show', id], start)).toMatchObject({ id, status: 'interrupted' });
      const paidBefore = endpoint.prompts.length;
      expect(paidBefore).toBeLessThan(20);

      const resumed = await riskflow(['eval', 'resume', id, '--json'], start);
      expect(resumed.code).toBe(0);
      expect(JSON.parse(resumed.out)).toMatchObject({
        id,
        status: 'judged',
        verdict: 'PASS',
        n: 20,
        variants: { A: { correct: 0 }, B: { correct: 20, errors: 0 } },
      });
      expect(new Set(endpoint.prompts).size).toBe(20);
      expect(endpoint.prompts.length).toBeLessThanOrEqual(20 + concurrency);
      expect(countRows(data, 'results')).toBe(40);
    });

    it('while its owner lives, another process may not resume it', async () => {
      const endpoint = await modelEndpoint(() => ({ text: 'ham' }), 60_000);
      const data = await newData();
      const start = { data, folder, env: { OPENAI_BASE_URL: endpoint.url } };
      const running = startRiskflow(evalOf('bad.yml', 'ask.yml'), start);
      const id = await running.printed(/eval resume (e-[\w-]+)/);
      const { code, out, err } = await riskflow(['eval', 'resume', id, '--json'], start);
      expect([code, out]).toEqual([1, '']);
      expect(err).toMatch(
        new RegExp(`^riskflow: evaluation ${id} is being worked on by process ${running.child.pid ?? 0} on .+\n  → .+\n$`),
      );
      running.child.kill('SIGTERM');
      const stopped = await running.finished;
      expect([stopped.code, stopped.err]).toEqual([1, expect.stringContaining(`eval resume ${id}\n`)]);
    });
  });

  it('a report that cannot be written is noticed before anything is done', async () => {
    const data = await newData();
    const before = contentOf(data);
    const { code } = await riskflow(evalOf('bad.yml', 'good.yml', '--report', 'missing/r.html'), { data, folder });
    expect(code).toBe(2);
    expect(existsSync(join(folder, 'missing'))).toBe(false);
    expect(contentOf(data)).toBe(before);
  });
});
