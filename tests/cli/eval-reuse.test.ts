import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startMockModel } from '../../bench/mock-model.ts';
import { llmFlow } from '../llm-flow.ts';
import { riskflow, testEnvironment, withFolder } from '../riskflow-process.ts';

const SAMPLES = 12;
const TEXTS = 4;

type Summary = {
  readonly variants: Readonly<Record<string, { readonly calls: number; readonly reused: number }>>;
  readonly notes: readonly string[];
};

/** Two flows over samples of which three at a time have the same text; what the endpoint was asked, and what the summary says. */
async function evaluate(flows: { readonly a: string; readonly b: string }, options: readonly string[] = []) {
  return withFolder(async (folder) => {
    const mock = await startMockModel({ delayMs: 1, labels: ['spam', 'ham'] });
    try {
      const environment = testEnvironment(join(folder, 'data'), {
        OPENAI_BASE_URL: `http://127.0.0.1:${mock.port}/v1`,
        OPENAI_API_KEY: 'none',
      });
      const rows = Array.from({ length: SAMPLES }, (_, i) => `s${i},${i % 2 === 0 ? 'spam' : 'ham'},text ${i % TEXTS}`);
      writeFileSync(join(folder, 's.csv'), `id,label,text\n${rows.join('\n')}\n`);
      for (const [name, text] of Object.entries(flows)) writeFileSync(join(folder, `${name}.yml`), text);
      await riskflow(['sample', 'import', 's', join(folder, 's.csv'), '--json'], environment);
      const files = ['--a', join(folder, 'a.yml'), '--b', join(folder, 'b.yml')];
      const finished = await riskflow(['eval', 'run', ...files, '--samples', 's', '--json', ...options], environment);
      expect(finished.stdout, finished.stderr).not.toBe('');
      const { variants, notes } = JSON.parse(finished.stdout) as Summary;
      const counts = Object.fromEntries(Object.entries(variants).map(([name, { calls, reused }]) => [name, { calls, reused }]));
      return { asked: mock.calls().answered, counts, notes };
    } finally {
      await mock.close();
    }
  });
}

describe('reuse within an evaluation', () => {
  it('equal questions are asked once, across samples', async () => {
    const { asked, counts } = await evaluate({ a: llmFlow('Is it spam?'), b: llmFlow('Spam or ham?') });
    expect(counts).toEqual({ A: { calls: TEXTS, reused: SAMPLES - TEXTS }, B: { calls: TEXTS, reused: SAMPLES - TEXTS } });
    expect(asked).toBe(2 * TEXTS);
  });

  it.each([
    ['itself', llmFlow('Is it spam?')],
    [
      'itself under another name and with other titles',
      llmFlow('Is it spam?').replace('"title":"llm"', '"title":"Ask"').replace('"name":"test"', '"name":"other"'),
    ],
  ])('a flow against %s draws afresh for every sample', async (_, b) => {
    const { asked, counts } = await evaluate({ a: llmFlow('Is it spam?'), b });
    expect(counts).toEqual({ A: { calls: SAMPLES, reused: 0 }, B: { calls: SAMPLES, reused: 0 } });
    expect(asked).toBe(2 * SAMPLES);
  });

  it('says when a metric is decided by too few samples for resampling to show a loss', async () => {
    const { notes } = await evaluate({ a: llmFlow('Is it spam?'), b: llmFlow('Is it spam?') }, ['--metric', 'recall:spam']);
    expect(notes.join('\n')).toMatch(
      /^Only 6 samples decide recall:spam: drawing from so few cannot show a loss that none of them had\.$/m,
    );
  });
});
