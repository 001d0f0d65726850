import { RiskflowError, type SourceEvent } from '../../../schemas/index.ts';
import type { Context } from '../../context.ts';

type Named<T extends SourceEvent['type']> = Extract<SourceEvent, { readonly type: T }>['data'];
export type BacktestStarted = Named<'BacktestStarted'>;
export type BacktestFinished = Named<'BacktestFinished'>;
export type ReplayStarted = Named<'ReplayStarted'>;
export type ReplayFinished = Named<'ReplayFinished'>;

/** Reruns of a source: what was decided again, beside or for real. */
export type RerunKind = 'backtest' | 'replay';
export type StartedRerun<K extends RerunKind> = K extends 'backtest'
  ? { readonly n: number; readonly started: BacktestStarted; readonly finished: BacktestFinished | null }
  : { readonly n: number; readonly started: ReplayStarted; readonly finished: ReplayFinished | null };

const streamOf = (kind: RerunKind, sourceId: string): string => `${kind}s/${sourceId}`;
/** Whoever works on one holds it. */
export const rerunResource = (kind: RerunKind, sourceId: string, n: number): string => `source/${sourceId}/${kind}/${n}`;

const PAGE = 1000;

async function readFacts({ storage, workspaceId }: Context, stream: string): Promise<readonly SourceEvent[]> {
  const facts: SourceEvent[] = [];
  for (;;) {
    const page = await storage.events.readStream(workspaceId, stream, { afterVersion: facts.length, limit: PAGE });
    facts.push(...page.map(({ type, data }) => ({ type, data }) as SourceEvent));
    if (page.length < PAGE) return facts;
  }
}

/** The backtests of a source, oldest first. */
export async function listBacktestFacts(context: Context, sourceId: string): Promise<readonly StartedRerun<'backtest'>[]> {
  const facts = await readFacts(context, streamOf('backtest', sourceId));
  const finished = new Map(facts.flatMap(({ type, data }) => (type === 'BacktestFinished' ? [[data.backtest, data] as const] : [])));
  return facts.flatMap(({ type, data }) =>
    type === 'BacktestStarted' ? [{ n: data.backtest, started: data, finished: finished.get(data.backtest) ?? null }] : [],
  );
}

/** The replays of a source, oldest first. */
export async function listReplayFacts(context: Context, sourceId: string): Promise<readonly StartedRerun<'replay'>[]> {
  const facts = await readFacts(context, streamOf('replay', sourceId));
  const finished = new Map(facts.flatMap(({ type, data }) => (type === 'ReplayFinished' ? [[data.replay, data] as const] : [])));
  return facts.flatMap(({ type, data }) =>
    type === 'ReplayStarted' ? [{ n: data.replay, started: data, finished: finished.get(data.replay) ?? null }] : [],
  );
}

type Begin = {
  readonly kind: RerunKind;
  readonly sourceId: string;
  /** How many there are already. */
  readonly known: number;
  readonly event: (n: number) => SourceEvent;
};

/** Writes the first fact of a rerun under the next number that is free. @returns the number */
export async function beginRerun(context: Context, { kind, sourceId, known, event }: Begin): Promise<number> {
  const stream = streamOf(kind, sourceId);
  for (let n = known + 1; ; n++) {
    const written = await context.storage.events.write({
      workspaceId: context.workspaceId,
      actor: context.actor,
      claims: [{ scope: stream, key: String(n), value: context.owner.owner }],
      appends: [{ log: 'ledger', stream, events: [event(n)], expected: { any: true } }],
    });
    if (written.status === 'written') return n;
    if (written.status !== 'claimed')
      throw new RiskflowError('internal', `a ${kind} of source "${sourceId}" could not be begun: ${written.status}`);
  }
}

/** Writes that a rerun is done, once. */
export async function endRerun(
  context: Context,
  { kind, sourceId, event }: Pick<Begin, 'kind' | 'sourceId'> & { readonly event: SourceEvent },
  n: number,
): Promise<void> {
  const stream = streamOf(kind, sourceId);
  const written = await context.storage.events.write({
    workspaceId: context.workspaceId,
    actor: context.actor,
    claims: [{ scope: `${stream}/finished`, key: String(n), value: context.owner.owner }],
    appends: [{ log: 'ledger', stream, events: [event], expected: { any: true } }],
  });
  if (written.status !== 'written' && written.status !== 'claimed')
    throw new RiskflowError('internal', `the end of ${kind} ${n} of source "${sourceId}" could not be written: ${written.status}`);
}

/** @throws RiskflowError `not_found` that says what there is */
export function rerunNumbered<T extends { readonly n: number }>(kind: RerunKind, sourceId: string, reruns: readonly T[], n: number): T {
  const found = reruns.find((each) => each.n === n);
  if (found !== undefined) return found;
  throw new RiskflowError('not_found', `source "${sourceId}" has no ${kind} ${n}`, {
    hint: reruns.length === 0 ? `it has none yet` : `it has ${reruns.map((each) => each.n).join(', ')}`,
  });
}
