import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startMockModel } from '../../bench/mock-model.ts';
import { llmFlow, writeLlmEvaluation } from '../llm-flow.ts';
import { PROJECT, riskflow, startRiskflow, testEnvironment, withFolder } from '../riskflow-process.ts';
import { writeFileSync } from 'node:fs';

describe('several processes on one data folder', () => {
  it('an evaluation, runs and imports at the same time disturb each other in nothing but speed', { timeout: 120_000 }, async () => {
    await withFolder(async (folder) => {
      const mock = await startMockModel({ delayMs: 40, labels: ['spam', 'ham'] });
      const environment = testEnvironment(join(folder, 'data'), { OPENAI_BASE_URL: `http://127.0.0.1:${mock.port}/v1` });
      const files = writeLlmEvaluation(folder, 60);
      expect((await riskflow(['sample', 'import', 'first', files.csv], environment)).code).toBe(0);
      const single = join(folder, 'single.yml');
      writeFileSync(single, llmFlow('Single.').replace('"name":"test"', '"name":"single"'));

      const evaluation = startRiskflow(
        ['eval', 'run', '--a', files.a, '--b', files.b, '--samples', 'first', '--concurrency', '4', '--json'],
        environment,
      );
      const others = [
        ...Array.from({ length: 3 }, (_, i) =>
          startRiskflow(['run', single, '--inputs', JSON.stringify({ text: `one more ${i}` }), '--json'], environment),
        ),
        ...Array.from({ length: 2 }, (_, i) => startRiskflow(['sample', 'import', `other-${i}`, files.csv, '--json'], environment)),
        startRiskflow(
          ['sample', 'import', 'reports', join(PROJECT, 'examples/report-triage/reports.csv'), '--cluster', 'campaign', '--json'],
          environment,
        ),
      ];
      const results = await Promise.all(others.map((started) => started.finished));
      for (const result of results) expect(result.code, result.stderr).toBe(0);
      for (const result of results.slice(0, 3)) expect(JSON.parse(result.stdout)).toMatchObject({ status: 'succeeded' });
      const evaluated = await evaluation.finished;
      expect([0, 3, 4], evaluated.stderr).toContain(evaluated.code);
      expect(JSON.parse(evaluated.stdout)).toMatchObject({ n: 60, variants: { A: { n: 60, errors: 0 }, B: { n: 60, errors: 0 } } });
      expect(mock.calls()).toMatchObject({ answered: 123, repeated: 0 });

      const before = await riskflow(['projection', 'status', '--json'], environment);
      const rebuilt = await riskflow(['projection', 'rebuild', '--json'], environment);
      const hashes = (text: string): unknown =>
        (JSON.parse(text) as { readonly projections: readonly { readonly name: string; readonly hash: string }[] }).projections.map(
          ({ name, hash }) => [name, hash],
        );
      expect(rebuilt.code, rebuilt.stderr).toBe(0);
      expect(hashes(rebuilt.stdout)).toEqual(hashes(before.stdout));
      await mock.close();
    });
  });

  it('a second process does not resume an evaluation whose owner lives, and is told who that is', { timeout: 60_000 }, async () => {
    await withFolder(async (folder) => {
      const { promise: held, resolve: release } = Promise.withResolvers<void>();
      const mock = await startMockModel({ delayMs: 1, labels: ['spam', 'ham'], held });
      const environment = testEnvironment(join(folder, 'data'), { OPENAI_BASE_URL: `http://127.0.0.1:${mock.port}/v1` });
      const files = writeLlmEvaluation(folder, 60);
      await riskflow(['sample', 'import', 'first', files.csv], environment);
      const owner = startRiskflow(
        ['eval', 'run', '--a', files.a, '--b', files.b, '--samples', 'first', '--concurrency', '4', '--json'],
        environment,
      );
      while (mock.calls().begun === 0 && owner.child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 10));
      const listed = JSON.parse((await riskflow(['eval', 'list', '--json'], environment)).stdout) as {
        readonly evaluations: readonly { readonly id: string; readonly status: string }[];
      };
      expect(listed.evaluations[0]?.status).toBe('running');
      const second = await riskflow(['eval', 'resume', listed.evaluations[0]?.id ?? '', '--json'], environment);
      expect(second.code).toBe(1);
      expect(second.stdout).toBe('');
      expect(second.stderr).toContain(`process ${owner.child.pid ?? 0} on`);
      release();
      expect([0, 3, 4]).toContain((await owner.finished).code);
      expect(mock.calls().repeated).toBe(0);
      await mock.close();
    });
  });
});
