import type { Command } from 'commander';
import type { EvaluationSummary } from '../../schemas/core.ts';
import { isScreen } from '../output/style.ts';
import { renderTable } from '../output/table.ts';
import { checkWritable } from '../read-text-file.ts';
import { withApp, type Session, type Work } from '../session.ts';

/** Lines longer than this are hard to read, however wide the window is. */
const WIDEST = 120;

export async function printEvaluation(session: Session, { runtime, context }: Work, summary: EvaluationSummary): Promise<void> {
  if (session.json) {
    session.printJson(summary);
    return;
  }
  const { input } = await runtime.showEvaluation(context, summary.id);
  const { out, env } = session.terminal;
  const color = isScreen(out, env) && (env['NO_COLOR'] ?? '') === '';
  session.print(runtime.renderText({ ...input, summary }, { width: Math.min(WIDEST, out.columns()), color }).trimEnd());
}

export async function showEvaluation(session: Session, command: Command): Promise<number> {
  const [id = ''] = command.args;
  const { results = false } = command.opts<{ results?: boolean }>();
  return withApp(session, async (work) => {
    if (results) {
      for await (const result of work.runtime.showResults(work.context, id)) session.terminal.out.write(`${JSON.stringify(result)}\n`);
    } else {
      const { summary } = await work.runtime.showEvaluation(work.context, id);
      await printEvaluation(session, work, summary);
    }
    return 0;
  });
}

export async function listEvaluations(session: Session): Promise<number> {
  return withApp(session, async ({ runtime, context }) => {
    const rows = (await runtime.listEvaluations(context)).toSorted((a, b) => b.position - a.position);
    const evaluations = rows.map((row) => ({
      id: row.evaluationId,
      status: row.status,
      createdAt: new Date(row.createdAt).toISOString(),
      finishedAt: row.finishedAt === null ? null : new Date(row.finishedAt).toISOString(),
      sampleSet: row.split === null ? row.set : `${row.set}@${row.split}`,
      sampleSetVersion: row.setVersion,
      n: row.n,
      results: row.results,
      verdict: verdictOf(row.summary),
    }));
    if (session.json) session.printJson({ evaluations });
    else if (evaluations.length === 0) session.notice('no evaluation has been run yet: riskflow eval run --a FLOW --b FLOW --samples SET');
    else {
      const cells = evaluations.map(({ id, status, createdAt, sampleSet, n, results, verdict }) => [
        id,
        createdAt.slice(0, 19),
        status,
        sampleSet,
        n,
        results,
        verdict ?? '',
      ]);
      session.print(
        renderTable(
          [
            { title: 'evaluation' },
            { title: 'began (UTC)' },
            { title: 'status' },
            { title: 'samples' },
            { title: 'n', align: 'right' },
            { title: 'results', align: 'right' },
            { title: 'verdict' },
          ],
          cells,
        ),
      );
    }
    return 0;
  });
}

/** The stored summary of a judged evaluation has its verdict. */
function verdictOf(summary: unknown): string | null {
  const verdict = typeof summary === 'object' && summary !== null && 'verdict' in summary ? summary.verdict : null;
  return typeof verdict === 'string' ? verdict : null;
}

export async function writeReport(session: Session, command: Command): Promise<number> {
  const [id = ''] = command.args;
  const { report = '' } = command.opts<{ report?: string }>();
  const path = await checkWritable(session.terminal, { option: '--report', path: report });
  return withApp(session, async ({ runtime, context }) => {
    const { summary } = await runtime.showEvaluation(context, id, { report: path });
    if (session.json) session.printJson({ id: summary.id, verdict: summary.verdict, report: summary.report });
    else session.print(`the report is ${summary.report ?? path}`);
    return 0;
  });
}
