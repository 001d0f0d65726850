/**
 * Limits of a run. Those that can change a result equal the defaults of Dify's Docker deployment; `maxSteps` is a cap against
 * runaway flows and higher than Dify's 500 (docs/dify-compatibility.md lists the deviations).
 */
export type Limits = {
  /** Node starts of one run. */
  readonly maxSteps: number;
  /** Characters of a code node's string output. */
  readonly codeMaxString: number;
  readonly codeMaxNumber: bigint;
  readonly codeMaxDepth: number;
  readonly codeMaxStringArray: number;
  readonly codeMaxObjectArray: number;
  readonly codeMaxNumberArray: number;
};

export const DEFAULT_LIMITS: Limits = {
  maxSteps: 100_000,
  codeMaxString: 400_000,
  codeMaxNumber: 9_223_372_036_854_775_807n,
  codeMaxDepth: 5,
  codeMaxStringArray: 30,
  codeMaxObjectArray: 30,
  codeMaxNumberArray: 1000,
};
