import type { DecisionMade, SourceSettings, SpendPurpose } from '../../../schemas/index.ts';
import type { Context } from '../../context.ts';

/** How much of a day's budget is left. */
export type Budget = {
  /** Why nothing more may be spent today; null while there is something left. Looks at the ledger every few seconds. */
  spent(): Promise<string | null>;
  /** Told of each decision, so that what was spent since the last look counts at once. */
  note(decision: DecisionMade['data']): void;
};

/** For what it is, and the settings as they are at the moment. */
export type BudgetOf = { readonly sourceId: string; readonly purpose: SpendPurpose; readonly settings: () => SourceSettings };

const LOOK_MS = 5_000;
const DAY = 10;

/**
 * The budget of a source for a day (UTC), or that of its backtests. Processes that work on one source see each other's spending at their next
 * look: what is spent over the budget is at most what they have in flight and what they decide in that time.
 */
export function createBudget(context: Context, { sourceId, purpose, settings }: BudgetOf): Budget {
  let day = '';
  let lookedAt = -Infinity;
  let known = { cost: 0, tokens: 0 };
  let since = { cost: 0, tokens: 0 };
  const look = async (): Promise<void> => {
    const today = new Date(context.now()).toISOString().slice(0, DAY);
    if (today === day && performance.now() - lookedAt < LOOK_MS) return;
    await context.storage.projections.catchUp(context.workspaceId);
    known = await context.storage.read.dailySpend(context.workspaceId, { sourceId, day: today, purpose });
    since = { cost: 0, tokens: 0 };
    day = today;
    lookedAt = performance.now();
  };
  return {
    spent: async () => {
      const limits = limitsOf(settings(), purpose);
      if (limits === undefined) return null;
      await look();
      const { usdPerDay = Infinity, tokensPerDay = Infinity, setting } = limits;
      const whose = purpose === 'backtest' ? 'the budget of backtests' : 'the budget';
      if (known.cost + since.cost >= usdPerDay) return `${whose} of ${usdPerDay} USD for ${day} is spent (${setting}.usdPerDay)`;
      if (known.tokens + since.tokens >= tokensPerDay)
        return `${whose} of ${tokensPerDay} tokens for ${day} is spent (${setting}.tokensPerDay)`;
      return null;
    },
    note: ({ cost, tokens }) => {
      since = { cost: since.cost + (cost ?? 0), tokens: since.tokens + (tokens === null ? 0 : tokens.input + tokens.output) };
    },
  };
}

type Limits = { readonly usdPerDay?: number | undefined; readonly tokensPerDay?: number | undefined; readonly setting: string };

/** Backtests may spend as much again as the source, where nothing else is said. */
function limitsOf({ decide: { budget, backtestBudget } }: SourceSettings, purpose: SpendPurpose): Limits | undefined {
  if (purpose === 'backtest' && backtestBudget !== undefined) return { ...backtestBudget, setting: 'decide.backtestBudget' };
  return budget === undefined ? undefined : { ...budget, setting: 'decide.budget' };
}
