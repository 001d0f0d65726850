import type { EvaluationDifference, Verdict } from '../../../schemas/core.ts';
import { counted, pointsWithUnit, pValue, signedPoints } from '../../summary/number-text.ts';
import { variantNames, type ReportInput } from '../report-input.ts';
import { TEST_NAMES } from '../test-names.ts';
import { visibleLine } from '../visible-text.ts';
import { failureLines, flipLines } from './case-lines.ts';
import { withColour, type Layout, type Style } from './layout.ts';
import { confusionLines, metricLines, usageLines } from './number-lines.ts';
import { wrapText } from './wrap.ts';

export type TextOptions = {
  /** Cells of a line; default 80, at least 40. */
  readonly width?: number;
  /** Whether to use ANSI colours; default no. */
  readonly color?: boolean;
  /** Flips and errors listed of each kind; default 5. */
  readonly cases?: number;
};

const VERDICT_STYLE: Readonly<Record<Verdict, Style>> = { PASS: 'green', FAIL: 'red', UNDECIDED: 'yellow' };

/**
 * The result of an evaluation for a terminal: metrics, confusion matrices, flips with their texts, what it cost, the verdict
 * last, where the eye rests. Control characters in texts are shown as codes and cannot act. Ends with a line end.
 */
export function renderText(input: ReportInput, options: TextOptions = {}): string {
  const layout: Layout = {
    width: Math.max(40, options.width ?? 80),
    cases: options.cases ?? 5,
    paint: options.color === true ? withColour : (text) => text,
  };
  const blocks = [
    headLines(input, layout),
    metricLines(input, layout),
    confusionLines(input, layout),
    flipLines(input, layout),
    failureLines(input, layout),
    usageLines(input),
    noteLines(input, layout),
    Object.values(input.summary.differences).flatMap((difference) => differenceLines(difference, layout)),
    verdictLines(input, layout),
  ];
  const texts = blocks.filter((lines) => lines.length > 0).map((lines) => lines.join('\n'));
  return `${texts.join('\n\n')}\n`;
}

function headLines(input: ReportInput, { width, paint }: Layout): readonly string[] {
  const { summary } = input;
  const set = [
    `${visibleLine(summary.sampleSet)} ${summary.sampleSetVersion.slice(0, 12)}`,
    `${counted(summary.n, 'sample')}${summary.clusters === null ? '' : ` in ${counted(summary.clusters, 'group')}`}`,
    ...(summary.repeats > 1 ? [`${summary.repeats} repeats`] : []),
  ].join(', ');
  const variants = variantNames(input).map((name) => {
    const variant = summary.variants[name];
    return `${name} ${visibleLine(variant?.fileName ?? variant?.flow ?? '')} ${variant?.flowVersion.slice(0, 12) ?? ''}`;
  });
  const wrapped = (line: string): readonly string[] => wrapText(line, width, { rest: '  ' });
  return [...wrapped(set).map((line) => paint(line, 'bold')), ...variants.flatMap(wrapped)];
}

const noteLines = ({ summary }: ReportInput, { width, paint }: Layout): readonly string[] =>
  summary.notes.length === 0
    ? []
    : [paint('Notes', 'bold'), ...summary.notes.flatMap((note) => wrapText(visibleLine(note), width, { first: '- ', rest: '  ' }))];

function differenceLines(difference: EvaluationDifference, { width }: Layout): readonly string[] {
  const { estimate, low, high, p, detectable } = difference;
  if (estimate === null) return [];
  const interval = low === null || high === null ? 'no interval' : `95 % interval ${signedPoints(low)} to ${signedPoints(high)}`;
  const text = [
    `${difference.variant} − ${difference.baseline}: ${signedPoints(estimate)} points in ${visibleLine(difference.metric)}`,
    interval,
    ...(p === null ? [] : [`p ${p < 0.0001 ? '' : '= '}${pValue(p)}`]),
  ].join(', ');
  const found = detectable === null ? '' : `; could find differences from ${pointsWithUnit(detectable)} on`;
  return wrapText(`${text} (${TEST_NAMES[difference.test]})${found}`, width, { rest: '  ' });
}

function verdictLines({ summary }: ReportInput, { width, paint }: Layout): readonly string[] {
  const word = paint(summary.verdict, 'bold', VERDICT_STYLE[summary.verdict]);
  const [first = '', ...rest] = wrapText(`${summary.verdict}  ${visibleLine(summary.sentence)}`, width, { rest: '  ' });
  const report = summary.report === null ? [] : [`Report: ${visibleLine(summary.report)}`];
  return [word + first.slice(summary.verdict.length), ...rest, ...report];
}
