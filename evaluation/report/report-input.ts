import type { EvaluationSummary, SampleSetVersionCreated } from '../../schemas/core.ts';

/** All a report shows. */
export type ReportInput = {
  readonly summary: EvaluationSummary;
  /** Texts of samples by id; those of flips and failures are shown. */
  readonly texts: ReadonlyMap<string, string>;
  /** The set version as it was imported or split; null when it is not known. */
  readonly set: Pick<SampleSetVersionCreated['data'], 'rows' | 'duplicates' | 'rejected' | 'clusterField' | 'textField' | 'parent'> | null;
  /** When the evaluation began, as text; null leaves it out. */
  readonly createdAt: string | null;
  /** From start to end, milliseconds; null when it is not known. */
  readonly elapsedMs: number | null;
  /** Version of Riskflow. */
  readonly version: string;
};

/** Variants in their order, the baseline first. */
export const variantNames = ({ summary }: ReportInput): readonly string[] => Object.keys(summary.variants);
