import type { Command } from 'commander';
import type { AlertRow } from '../../schemas/core.ts';
import { renderTable } from '../output/table.ts';
import { alertDocument, figureCells, FIGURES, momentText, nameOf, stateText } from '../output/trend-figures.ts';
import { withApp, type Session, type Work } from '../session.ts';

export const DEFAULT_ALERTS = 100;

export const listAlerts = (session: Session, command: Command): Promise<number> =>
  withApp(session, async ({ runtime, context }) => {
    const [sourceId] = command.args;
    const { open = false, limit = DEFAULT_ALERTS, before } = command.opts<{ open?: boolean; limit?: number; before?: number }>();
    const request = { open, limit, ...(sourceId === undefined ? {} : { sourceId }), ...(before === undefined ? {} : { before }) };
    const found = await runtime.listAlerts(context, request);
    const runs: AlertRun[] = [];
    for (const { alertId } of found) runs.push(await runtime.runOfAlert(context, alertId));
    if (session.json) session.printJson({ alerts: found.map((alert, i) => ({ ...alertDocument(alert), run: runs[i] ?? null })) });
    else if (found.length === 0) session.notice(open ? 'no alert is in force' : 'no alert was raised yet');
    else {
      session.print(renderAlerts(found, runs));
      if (runs.some((run) => run !== null)) session.notice('what a flow made of an alert: riskflow run --resume RUN');
      const last = found.at(-1);
      if (last !== undefined && found.length === limit) session.notice(`there may be more: --before ${last.n}`);
    }
    return 0;
  });

type AlertRun = Awaited<ReturnType<Work['runtime']['runOfAlert']>>;

function renderAlerts(found: readonly AlertRow[], runs: readonly AlertRun[]): string {
  const withRuns = runs.some((run) => run !== null);
  return renderTable(
    [
      { title: 'n', align: 'right' },
      { title: 'source' },
      { title: 'rule' },
      { title: 'of', atMost: 40 },
      { title: 'raised (UTC)' },
      ...FIGURES.map((title) => ({ title, align: 'right' as const })),
      { title: 'state' },
      { title: 'id' },
      ...(withRuns ? [{ title: 'run' }] : []),
    ],
    found.map((alert, i) => [
      alert.n,
      alert.sourceId,
      alert.rule,
      nameOf(alert),
      momentText(alert.windowEnd),
      ...figureCells(alert.corrected ?? alert.evidence),
      stateText(alert),
      alert.alertId,
      ...(withRuns ? [runs[i]?.runId ?? ''] : []),
    ]),
  );
}
