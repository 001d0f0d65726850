import { RiskflowError, type ComparedDecisionRow, type ComparedLabels } from '../../../schemas/index.ts';
import type { Context } from '../../context.ts';
import { readSourceState } from '../../streams/source-state.ts';
import { listBacktestFacts } from './rerun-facts.ts';

export type ComparisonRequest = {
  readonly sourceId: string;
  readonly mode: 'shadow' | 'backtest';
  /** Which backtest; default: the last one. */
  readonly replay?: number;
  /** Disagreements that are listed: the last ones. */
  readonly limit: number;
};

/** `disagreements` has the last ones, oldest first, with the key of their records. */
export type Comparison = {
  readonly sourceId: string;
  readonly mode: 'shadow' | 'backtest';
  readonly replay: number;
  readonly compared: number;
  readonly agree: number;
  readonly differ: number;
  readonly labels: readonly ComparedLabels[];
  readonly disagreements: readonly (ComparedDecisionRow & { readonly recordKey: string | null })[];
};

const PAGE = 1000;

/** What a shadow or a backtest said beside the live decisions, from the read models. */
export async function compareDecisions(context: Context, request: ComparisonRequest): Promise<Comparison> {
  const { sourceId, mode, limit } = request;
  const { storage, workspaceId } = context;
  await readSourceState(context, sourceId);
  const replay = mode === 'shadow' ? 0 : (request.replay ?? (await lastBacktest(context, sourceId)));
  await storage.projections.catchUp(workspaceId);
  const labels = await storage.read.comparedLabels(workspaceId, { sourceId, mode, replay });
  const compared = labels.reduce((sum, { count }) => sum + count, 0);
  const last: ComparedDecisionRow[] = [];
  let differ = 0;
  for await (const page of disagreementPages(context, { sourceId, mode, replay })) {
    differ += page.length;
    last.push(...page);
    last.splice(0, Math.max(0, last.length - limit));
  }
  const disagreements = await Promise.all(
    last.map(async (row) => ({
      ...row,
      recordKey: (await storage.inbox.record(workspaceId, sourceId, row.recordId))?.key ?? null,
    })),
  );
  return { sourceId, mode, replay, compared, agree: compared - differ, differ, labels, disagreements };
}

async function lastBacktest(context: Context, sourceId: string): Promise<number> {
  const last = (await listBacktestFacts(context, sourceId)).at(-1);
  if (last !== undefined) return last.n;
  throw new RiskflowError('not_found', `source "${sourceId}" has no backtest yet`, {
    hint: `run one: riskflow backtest run ${sourceId} --flow FLOW`,
  });
}

/** Decisions that differ from the live ones, in the order of the ledger. */
export async function* disagreementPages(
  { storage, workspaceId }: Context,
  query: { readonly sourceId: string; readonly mode: 'shadow' | 'backtest'; readonly replay?: number },
): AsyncGenerator<readonly ComparedDecisionRow[], void> {
  let after = 0;
  for (;;) {
    const page = await storage.read.comparedDecisions(workspaceId, { ...query, agrees: false, after, limit: PAGE });
    const last = page.at(-1);
    if (last === undefined) return;
    yield page;
    after = last.n;
  }
}
