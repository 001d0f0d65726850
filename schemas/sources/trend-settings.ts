import { z } from 'zod';

const minutes = z
  .int()
  .min(1)
  .max(7 * 24 * 60);

/** A window and its baseline together; all of their panes are held in memory while they are judged. */
const LONGEST_SPAN_MINUTES = 15 * 24 * 60;

/**
 * When a window is a spike. All thresholds that are given must be passed; those left out say nothing.
 * Counts are of records in the window; the baseline is what the windows before it led to expect.
 */
export const spikeRule = z
  .strictObject({
    name: z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,63}$/),
    /** What is counted together. `all`: everything of the source. */
    by: z.enum(['all', 'category', 'subject', 'subject-category']).default('category'),
    windowMinutes: minutes.default(15),
    /** Windows before this one that make the baseline. */
    baselineWindows: z.int().min(3).max(500).default(12),
    /** Fewer records are never a spike. */
    floor: z.int().min(1).default(10),
    /** Count over baseline. */
    ratio: z.number().gt(1).optional(),
    /** Distance from the median in units of the median absolute deviation × 1.4826; of a Poisson deviation where that is 0. */
    robustZ: z.number().gt(0).optional(),
    /** Probability, at the baseline's rate, of as many or more; for small counts. */
    poissonP: z.number().gt(0).lt(1).optional(),
    /** Distinct reporters, so that few people cannot make one. */
    minReporters: z.int().min(1).optional(),
    /** An alert ends when the count falls below this share of the smallest count that would have raised it. */
    clearRatio: z.number().gt(0).lte(1).default(0.7),
    /** After an end no new alert for this long. */
    coolDownMinutes: z
      .int()
      .min(0)
      .max(7 * 24 * 60)
      .default(60),
  })
  .refine((rule) => rule.windowMinutes * (rule.baselineWindows + 1) <= LONGEST_SPAN_MINUTES, {
    path: ['baselineWindows'],
    message: 'windowMinutes × (baselineWindows + 1) is at most 21600 minutes, which are 15 days',
  });
export type SpikeRule = z.output<typeof spikeRule>;

export const trendSettings = z.strictObject({
  /** How late a record may come and still be counted before its window is judged. */
  latenessSeconds: z
    .int()
    .min(0)
    .max(24 * 3600)
    .default(120),
  /** A partition without records for this long holds nothing up. */
  idleSeconds: z
    .int()
    .min(1)
    .max(24 * 3600)
    .default(60),
  rules: z
    .array(spikeRule)
    .max(50)
    .default([])
    .refine((rules) => new Set(rules.map(({ name }) => name)).size === rules.length, 'two rules have the same name'),
  /** A flow (its latest version) that is run for each alert raised from then on; its start variable `window` gets what is known of the window. */
  onAlert: z.string().min(1).optional(),
});
export type TrendSettings = z.output<typeof trendSettings>;
