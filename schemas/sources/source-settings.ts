import { z } from 'zod';
import { connectorSettings } from './connector-settings.ts';
import { recordSettings } from './record-settings.ts';
import { trendSettings } from './trend-settings.ts';

/** What is decided about a record that the flow does not decide: it failed, the kill switch is on, or the budget is spent. */
const fallback = z.strictObject({
  /** `open` lets it pass (action `allow`), `closed` does not (action `block`), `none` makes a failed decision without an action. */
  mode: z.enum(['open', 'closed', 'none']).default('none'),
  /** Another name for the action. */
  action: z.string().min(1).max(100).optional(),
});

const limits = { usdPerDay: z.number().positive().optional(), tokensPerDay: z.int().positive().optional() };
type Limits = { readonly usdPerDay?: number | undefined; readonly tokensPerDay?: number | undefined };
const isLimited = ({ usdPerDay, tokensPerDay }: Limits): boolean => usdPerDay !== undefined || tokensPerDay !== undefined;
const NO_LIMIT = 'name usdPerDay or tokensPerDay';

const budget = z
  .strictObject({
    ...limits,
    /** What happens when it is spent: records wait for the next day (UTC), or get the fallback. */
    whenSpent: z.enum(['wait', 'fallback']).default('wait'),
  })
  .refine(isLimited, NO_LIMIT);

const deciding = z.strictObject({
  /** Outside calls in flight. */
  concurrency: z.int().min(1).max(10_000).default(8),
  perSecond: z.number().positive().optional(),
  budget: budget.optional(),
  /** What backtests may spend in a day, which counts for itself. Default: as much as `budget` says. */
  backtestBudget: z.strictObject(limits).refine(isLimited, NO_LIMIT).optional(),
  fallback: fallback.default({ mode: 'none' }),
  /** No more is read while so many records wait; reading goes on when half of them are decided. */
  maxPending: z.int().min(1).default(20_000),
});

/** A source as a person writes it, but for its name and flow. */
export const sourceSettings = z.strictObject({
  connector: connectorSettings,
  record: recordSettings.default({ inputs: {}, samplingRate: 1 }),
  /** What becomes of a record whose business key an earlier one has. */
  onDuplicateKey: z.enum(['process', 'keep', 'replace']).default('process'),
  decide: deciding.default({ concurrency: 8, fallback: { mode: 'none' }, maxPending: 20_000 }),
  /** `none`: the first record that cannot be read ends the task; `all`: it becomes a dead letter. */
  errors: z.enum(['all', 'none']).default('all'),
  trends: trendSettings.optional(),
  /** For how many days after they came records are kept that are decided. Default: 90. */
  keepDays: z.union([z.int().min(1).max(100_000), z.literal('forever')], 'a number of days, or forever').optional(),
});
export type SourceSettings = z.output<typeof sourceSettings>;

/** The file of `riskflow source create --config`. `flow`: FLOW, FLOW:VERSION or a flow file. */
export const sourceFile = sourceSettings.extend({ name: z.string().min(1), flow: z.string().min(1) });
export type SourceFile = z.output<typeof sourceFile>;
