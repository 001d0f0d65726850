import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { dslText, startNode } from '../flow/testing/dsl.ts';
import { LONGEST_VARIANT_NAME } from '../runtime/commands/evaluations/evaluation-request.ts';
import { LONGEST_SAMPLE_ID } from '../runtime/commands/samples/sample-rows.ts';
import { EVALUATION_DEFAULTS, importSamples, openApp, readSettings, runEvaluation, showResults, type Context } from '../runtime/index.ts';
import { resultsTable } from '../storage/projections/results.ts';
import { withFolder } from './riskflow-process.ts';

const echo = dslText(
  [startNode('text'), { id: 'end', type: 'end', outputs: [{ variable: 'label', value_selector: ['start', 'text'] }] }],
  ['start -> end'],
);
const csv = (ids: readonly string[]): string => ['id,label,text', ...ids.map((id, i) => `${id},a,text ${i}`)].join('\n');

async function inApp(use: (context: Context, folder: string) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const app = await openApp(readSettings({ RISKFLOW_DATA: join(folder, 'data') }, folder), { actor: 'test' });
    try {
      await use(app.context, folder);
    } finally {
      await app.close();
    }
  });
}

const imported = (context: Context, folder: string, ids: readonly string[]) => {
  const path = join(folder, 'samples.csv');
  writeFileSync(path, csv(ids));
  return importSamples(context, { set: 's', path, columns: {}, keepValid: false, dedupe: false });
};
const written = (context: Context): Promise<number> => context.storage.events.head(context.workspaceId, 'ledger');

describe('names that become keys', () => {
  it('may be as long as the columns of the tables', () => {
    expect(resultsTable.columns.sample_id.length).toBe(LONGEST_SAMPLE_ID);
    expect(resultsTable.columns.variant.length).toBe(LONGEST_VARIANT_NAME);
  });

  it('work at their full length; longer ones are refused in one sentence before anything is written', () =>
    inApp(async (context, folder) => {
      await expect(imported(context, folder, ['1', 'i'.repeat(LONGEST_SAMPLE_ID + 1)])).rejects.toMatchObject({
        code: 'invalid_file',
        message: expect.stringMatching(/: 1 of its rows cannot be imported, so nothing was: line 3: its id .* is 256 characters long/),
      });
      expect(await written(context)).toBe(0);

      const longest = 'i'.repeat(LONGEST_SAMPLE_ID);
      await imported(context, folder, ['1', longest]);
      const flow = join(folder, 'echo.yml');
      writeFileSync(flow, echo);
      const evaluation = (name: string) => {
        const variants = [
          { name: 'A', flow },
          { name, flow },
        ];
        const request = { ...EVALUATION_DEFAULTS, variants, samples: 's', predict: null, positive: null, inputMap: {}, reuse: true };
        return runEvaluation(context, request, { signal: new AbortController().signal, onProgress: () => undefined, report: null });
      };
      const before = await written(context);
      for (const name of ['v'.repeat(LONGEST_VARIANT_NAME + 1), '', 'A'])
        await expect(evaluation(name)).rejects.toMatchObject({ code: 'usage', message: expect.stringMatching(/name/) });
      expect(await written(context)).toBe(before);

      const { id } = await evaluation('v'.repeat(LONGEST_VARIANT_NAME));
      const rows = await Array.fromAsync(showResults(context, id));
      expect(rows.map((row) => [row.sampleId, row.variant.length])).toEqual(
        expect.arrayContaining([
          [longest, LONGEST_VARIANT_NAME],
          [longest, 1],
        ]),
      );
    }));
});
