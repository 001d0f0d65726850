import type { EvaluationSummary } from '../../schemas/index.ts';
import type { Row } from './recount.ts';
import { riskflow, type Start } from './riskflow.ts';

/** The documents of an output that has one per line. */
export const linesOf = <T>(out: string): readonly T[] =>
  out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as T);

/** The result rows of an evaluation as they are exported. */
export async function resultsOf(id: string, start: Start): Promise<readonly Row[]> {
  const { out } = await riskflow(['eval', 'show', id, '--results', '--json'], start);
  return linesOf<Row>(out);
}

/** Runs an evaluation. @returns the summary, whatever the verdict and with it the exit code */
export async function evaluated(
  args: readonly string[],
  start: Start,
): Promise<{ readonly summary: EvaluationSummary; readonly code: number | null }> {
  const { code, out, err } = await riskflow(['eval', 'run', ...args, '--json'], start);
  if (![0, 3, 4].includes(code ?? 1)) throw new Error(err);
  return { summary: JSON.parse(out) as EvaluationSummary, code };
}
