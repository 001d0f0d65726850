import type { Command } from 'commander';
import { renderTable } from '../output/table.ts';
import { withApp, type Session } from '../session.ts';

/** Prints batches with where they stand, newest first. */
export function listBatches(session: Session, command: Command): Promise<number> {
  const { limit = 20 } = command.opts<{ limit?: number }>();
  return withApp(session, async ({ runtime, context }) => {
    const batches = await runtime.listBatches(context, { limit });
    if (session.json) {
      const documents = batches.map(({ startedAt, finishedAt, counts, ...batch }) => ({
        ...batch,
        succeeded: counts?.succeeded ?? null,
        failed: counts?.failed ?? null,
        stopped: counts?.stopped ?? null,
        handedOver: counts?.handedOver ?? null,
        startedAt: isoTime(startedAt),
        finishedAt: finishedAt === null ? null : isoTime(finishedAt),
      }));
      session.printJson({ batches: documents });
    } else if (batches.length === 0) session.notice('no batch has been run yet: riskflow run FLOW --batch FILE');
    else {
      const right = (title: string) => ({ title, align: 'right' as const });
      const rows = batches.map(({ id, startedAt, status, flow, file, host, runs, rejected, counts }) => [
        id,
        isoTime(startedAt).slice(0, 19),
        status,
        flow,
        file,
        host,
        runs,
        counts?.succeeded ?? '',
        counts?.failed ?? '',
        (counts?.stopped ?? 0) + (counts?.handedOver ?? 0) || '',
        rejected || '',
      ]);
      session.print(
        renderTable(
          [
            ...['batch', 'began (UTC)', 'status', 'flow', 'file', 'on'].map((title) => ({ title })),
            ...['runs', 'succeeded', 'failed', 'other', 'not read'].map(right),
          ],
          rows,
        ),
      );
    }
    return 0;
  });
}

const isoTime = (time: number): string => new Date(time).toISOString();
