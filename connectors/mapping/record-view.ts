import type { ObjectValue, PartitionName, RecordMeta, Value } from '../../schemas/index.ts';

/** What stands around a record, with its place. */
export type MetaView = RecordMeta & PartitionName & { readonly offset: number };

/** A record as the settings of its source look at it. */
export type RecordView = { readonly fields: ObjectValue; readonly meta: MetaView };

/** A record that has just come in. `receivedAt`: milliseconds since 1970 UTC. */
export type ReceivedRecord = RecordView & { readonly recordId: string; readonly receivedAt: number };

/** Takes a value from a record; undefined where there is none. */
export type Read = (view: RecordView) => Value | undefined;

/** A field expression, compiled. `readsMeta`: whether it looks at the key, the headers or the timestamp. */
export type CompiledExpression = {
  readonly read: Read;
  /** The expression for people. */
  readonly text: string;
  readonly readsMeta: boolean;
};

/** What a person must mend in the settings. */
export type ExpressionProblem = { readonly message: string; readonly hint: string };
export type ExpressionResult =
  { readonly ok: true; readonly expression: CompiledExpression } | { readonly ok: false; readonly problem: ExpressionProblem };
