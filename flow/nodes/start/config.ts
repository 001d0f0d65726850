import type { Json } from '../../../schemas/core.ts';

export type StartVariable = {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  /** Encoded. */
  readonly default: Json;
  readonly options: readonly string[];
  readonly maxLength: number | null;
};

export type StartConfig = { readonly variables: readonly StartVariable[] };
