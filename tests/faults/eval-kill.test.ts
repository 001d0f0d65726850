import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startMockModel } from '../../bench/mock-model.ts';
import { writeLlmEvaluation } from '../llm-flow.ts';
import { riskflow, startRiskflow, testEnvironment, withFolder, type Finished } from '../riskflow-process.ts';

const SAMPLES = 40;
const CONCURRENCY = 8;
const DELAY_MS = 60;
const KILLS = 20;

type Summary = {
  readonly id: string;
  readonly n: number;
  readonly verdict: string;
  readonly variants: Readonly<Record<string, Record<string, unknown>>>;
  readonly difference: Record<string, unknown>;
  readonly flips: { readonly gained: number; readonly lost: number };
};

/** What must be equal whatever happened on the way. */
function essence(finished: Finished) {
  const summary = JSON.parse(finished.stdout) as Summary;
  const variants = Object.fromEntries(
    Object.entries(summary.variants).map(([name, { accuracy, correct, n, errors, confusion, classes, tokens, calls }]) => [
      name,
      { accuracy, correct, n, errors, confusion, classes, tokens, calls },
    ]),
  );
  return {
    n: summary.n,
    verdict: summary.verdict,
    variants,
    difference: summary.difference,
    flips: [summary.flips.gained, summary.flips.lost],
  };
}

/** Minimal standard generator (Park & Miller), so that a failing moment can be repeated. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 48271) % 2147483647;
    return state % below;
  };
}

describe('kill -9 in the middle of an evaluation, then resume', () => {
  it(
    `gives the undisturbed totals and verdict at ${KILLS} random moments, and pays twice only for calls in flight`,
    { timeout: 400_000 },
    async () => {
      await withFolder(async (folder) => {
        const files = writeLlmEvaluation(folder, SAMPLES);
        const prepared = join(folder, 'prepared');
        const imported = await riskflow(['sample', 'import', 'k', files.csv, '--json'], testEnvironment(prepared));
        expect(imported.code, imported.stderr).toBe(0);
        const evaluation = [
          'eval',
          'run',
          '--a',
          files.a,
          '--b',
          files.b,
          '--samples',
          'k',
          '--concurrency',
          String(CONCURRENCY),
          '--json',
        ];

        const environmentFor = (data: string, port: number) => testEnvironment(data, { OPENAI_BASE_URL: `http://127.0.0.1:${port}/v1` });
        const calm = await startMockModel({ delayMs: DELAY_MS, labels: ['spam', 'ham'] });
        const calmData = join(folder, 'calm');
        cpSync(prepared, calmData, { recursive: true });
        const undisturbed = await riskflow(evaluation, environmentFor(calmData, calm.port));
        expect([0, 3, 4], undisturbed.stderr).toContain(undisturbed.code);
        expect(calm.calls()).toMatchObject({ answered: SAMPLES * 2, repeated: 0 });
        await calm.close();

        const random = numbers(20261121);
        let killedWithCallsInFlight = 0;
        for (let kill = 0; kill < KILLS; kill++) {
          const mock = await startMockModel({ delayMs: DELAY_MS, labels: ['spam', 'ham'] });
          const data = join(folder, `data-${kill}`);
          cpSync(prepared, data, { recursive: true });
          const environment = environmentFor(data, mock.port);
          const moment = 1 + random(SAMPLES * 2 - 1);
          const running = startRiskflow(evaluation, environment);
          for (;;) {
            if (mock.calls().begun >= moment || running.child.exitCode !== null) break;
            await new Promise((resolve) => setTimeout(resolve, 1 + random(8)));
          }
          const { begun, answered } = mock.calls();
          if (begun > answered && running.child.exitCode === null) killedWithCallsInFlight++;
          running.child.kill('SIGKILL');
          await running.finished;

          const listed = await riskflow(['eval', 'list', '--json'], environment);
          const id = (JSON.parse(listed.stdout) as { readonly evaluations: readonly { readonly id: string }[] }).evaluations[0]?.id ?? '';
          const resumed = await riskflow(['eval', 'resume', id, '--json'], environment);
          expect(resumed.code, `kill ${kill} after ${moment} calls: ${resumed.stderr}`).toBe(undisturbed.code);
          expect(essence(resumed), `kill ${kill} after ${moment} calls`).toEqual(essence(undisturbed));
          const calls = mock.calls();
          // Paid twice at most: the calls in flight. One is in flight until its answer is stored.
          expect(calls.repeated, `kill ${kill}: calls repeated`).toBeLessThanOrEqual(CONCURRENCY);
          await mock.close();
        }
        expect(killedWithCallsInFlight).toBeGreaterThanOrEqual(5);
      });
    },
  );
});
