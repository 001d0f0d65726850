import { RiskflowError, type TrendBy, type TrendKey } from '../schemas/core.ts';
import type { Begins } from './baseline.ts';
import { NO_WATERMARKS, type Watermarks } from './watermark.ts';
import type { Range } from './windows.ts';

/** An alert that is not over. `needed`: the smallest count that would have raised it. Minutes. */
export type AlertInForce = {
  readonly alertId: string;
  readonly window: Range;
  readonly needed: number;
  readonly peak: number;
};

/** What is remembered of a group under a rule, once it had an alert. */
export type GroupState = {
  readonly rule: string;
  readonly by: TrendBy;
  readonly group: string;
  readonly alert: AlertInForce | null;
  /** The last alert, in force or over. */
  readonly last: { readonly alertId: string; readonly window: Range };
  /** No new alert for windows that end before this minute. */
  readonly coolUntil: number;
  /** Spikes that are over, while they could still be part of a baseline. */
  readonly spikes: readonly Range[];
};

/** Late records of a pane that no correction was written of yet. */
export type LateCount = TrendKey & { readonly minute: number; readonly count: number };

/** All that is needed beside the panes to go on with a source: what was folded from its records so far. */
export type TrendState = Watermarks & {
  /** The last record that was counted. */
  readonly arrival: number;
  readonly records: number;
  /** Records whose minute had been judged when they came. */
  readonly late: number;
  /** The minute of the first record. */
  readonly since: number | null;
  /** The minute of the first record after the last silence that was so long that the time before it says nothing of what is usual. */
  readonly resumed: number | null;
  /** Windows that end at this minute, or before, are judged. */
  readonly judgedTo: number | null;
  readonly groups: readonly GroupState[];
  readonly waiting: readonly LateCount[];
};

export const NO_TRENDS: TrendState = {
  ...NO_WATERMARKS,
  arrival: 0,
  records: 0,
  late: 0,
  since: null,
  resumed: null,
  judgedTo: null,
  groups: [],
  waiting: [],
};

/** Before the first record the source begins with what is looked at. */
export const beginsOf = ({ since, resumed }: TrendState, otherwise: number): Begins => ({ since: since ?? otherwise, resumed });

/** Of the form of the text. A state of another form has to be counted again from the records. */
const FORM = 1;

export const encodeState = (state: TrendState): string => JSON.stringify({ form: FORM, ...state });

/** @throws RiskflowError `unsupported` for what another version has written */
export function decodeState(text: string): TrendState {
  const { form, ...state } = JSON.parse(text) as TrendState & { readonly form: number };
  if (form === FORM) return { ...NO_TRENDS, ...state };
  throw new RiskflowError('unsupported', `the trends were counted by another version of Riskflow (form ${form}, this one knows ${FORM})`, {
    hint: 'run `riskflow trend rebuild SOURCE` with this version',
  });
}
