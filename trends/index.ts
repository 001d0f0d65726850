/** The trends room: panes, watermarks, windows, spike rules, alerts and near-equal texts. Pure: the same records give the same trends. */
export {
  countRecords,
  firstMinuteNeeded,
  minutesLacking,
  withMinutes,
  type Counted,
  type TrendRecord,
  type Trends,
  type TrendSource,
} from './count-records.ts';
export { spanOf } from './judge.ts';
export { clusterTexts, type ReportedText, type TextCluster } from './near-texts.ts';
export { MINUTE_MS, minuteOf, timeOf, withStored, type PaneIndex } from './panes.ts';
export { beginsOf, decodeState, encodeState, NO_TRENDS, type GroupState, type TrendState } from './trend-state.ts';
export { bucketsOf, viewTrends, type TrendQuestion, type TrendRow } from './view.ts';
export type { Range } from './windows.ts';
