/** The evaluation room: splits, orders, metrics, statistics, verdicts and reports. Pure. */
export * from './core.ts';
export { renderHtml } from './report/html/render-html.ts';
export { renderText, type TextOptions } from './report/text/render-text.ts';
export type { ReportInput } from './report/report-input.ts';
