import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startMockModel } from '../../bench/mock-model.ts';
import { writeLlmEvaluation } from '../llm-flow.ts';
import { riskflow, startRiskflow, testEnvironment, withFolder } from '../riskflow-process.ts';

describe('an evaluation that is resumed without its key', () => {
  it('is refused before anything is written, and can be resumed with the key', { timeout: 120_000 }, async () => {
    await withFolder(async (folder) => {
      const mock = await startMockModel({ delayMs: 80, labels: ['spam', 'ham'] });
      const files = writeLlmEvaluation(folder, 20);
      const without = testEnvironment(join(folder, 'data'));
      const withKey = { ...without, OPENAI_BASE_URL: `http://127.0.0.1:${mock.port}/v1` };
      await riskflow(['sample', 'import', 'k', files.csv], without);
      const running = startRiskflow(
        ['eval', 'run', '--a', files.a, '--b', files.b, '--samples', 'k', '--concurrency', '2', '--json'],
        withKey,
      );
      while (mock.calls().answered < 5 && running.child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 5));
      running.child.kill('SIGKILL');
      await running.finished;

      const listed = JSON.parse((await riskflow(['eval', 'list', '--json'], without)).stdout) as {
        readonly evaluations: readonly { readonly id: string }[];
      };
      const id = listed.evaluations[0]?.id ?? '';
      const resultsBefore = (await riskflow(['eval', 'show', id, '--results', '--json'], without)).stdout;
      const refused = await riskflow(['eval', 'resume', id, '--json'], without);
      expect(refused.code).toBe(2);
      expect(refused.stdout).toBe('');
      expect(refused.stderr).toMatch(/OPENAI_API_KEY|OPENAI_BASE_URL/);
      expect((await riskflow(['eval', 'show', id, '--results', '--json'], without)).stdout).toBe(resultsBefore);

      const resumed = await riskflow(['eval', 'resume', id, '--json'], withKey);
      expect([0, 3, 4], resumed.stderr).toContain(resumed.code);
      expect(JSON.parse(resumed.stdout)).toMatchObject({ n: 20, variants: { A: { n: 20, errors: 0 }, B: { n: 20, errors: 0 } } });
      await mock.close();
    });
  });

  it('names of variants may hold dots: repeats and equal variants still draw afresh', { timeout: 60_000 }, async () => {
    await withFolder(async (folder) => {
      const mock = await startMockModel({ delayMs: 1, labels: ['spam', 'ham'] });
      const files = writeLlmEvaluation(folder, 4);
      const environment = { ...testEnvironment(join(folder, 'data')), OPENAI_BASE_URL: `http://127.0.0.1:${mock.port}/v1` };
      await riskflow(['sample', 'import', 'k', files.csv], environment);
      const run = await riskflow(
        ['eval', 'run', '--a', files.a, '--b', files.b, '--variant', `v.1=${files.b}`, '--samples', 'k', '--repeats', '2', '--json'],
        environment,
      );
      expect([0, 3, 4], run.stderr).toContain(run.code);
      expect(JSON.parse(run.stdout)).toMatchObject({
        variants: { A: { calls: 8, reused: 0 }, B: { calls: 8, reused: 0 }, 'v.1': { calls: 8, reused: 0 } },
      });
      expect(mock.calls().answered).toBe(24);
      await mock.close();
    });
  });
});
