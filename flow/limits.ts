import type { RunLimits } from '../schemas/core.ts';

/**
 * Limits of a run. Those that can change a result equal the defaults of Dify's Docker deployment; `maxSteps` is a cap against
 * runaway flows and higher than Dify's 500 (docs/dify-compatibility.md lists the deviations). Each is the setting `limits.NAME`; what
 * was set when a run began holds for it.
 */
export type Limits = Required<RunLimits>;

export const DEFAULT_LIMITS: Limits = {
  maxSteps: 100_000,
  codeMaxString: 400_000,
  codeMaxDepth: 5,
  codeMaxStringArray: 30,
  codeMaxObjectArray: 30,
  codeMaxNumberArray: 1000,
  templateMaxOutput: 400_000,
};

/** Dify's default, which no deployment is known to change: the largest whole number of a signed 64-bit word. */
export const CODE_MAX_NUMBER = 9_223_372_036_854_775_807n;

export const limitsOf = (set: RunLimits | undefined): Limits => (set === undefined ? DEFAULT_LIMITS : { ...DEFAULT_LIMITS, ...set });
