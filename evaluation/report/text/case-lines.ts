import type { EvaluationDifference, FlippedSample } from '../../../schemas/core.ts';
import { counted, grouped } from '../../summary/number-text.ts';
import type { ReportInput } from '../report-input.ts';
import { visibleLine } from '../visible-text.ts';
import type { Layout } from './layout.ts';
import { wrapText } from './wrap.ts';

/** Lines shown of the text of one flip. */
const TEXT_LINES = 2;

/** Lost samples, then gained ones, with their texts. */
export function flipLines(input: ReportInput, layout: Layout): readonly string[] {
  return Object.values(input.summary.differences).flatMap((difference) =>
    (['lost', 'gained'] as const).flatMap((kind) => flipsOfKind(input, layout, { difference, kind })),
  );
}

function flipsOfKind(
  input: ReportInput,
  layout: Layout,
  { difference, kind }: { readonly difference: EvaluationDifference; readonly kind: FlippedSample['kind'] },
): readonly string[] {
  const { baseline: a, variant: b } = difference;
  const total = difference.flips[kind];
  const title = `${counted(total, 'sample')} ${kind} (${kind === 'lost' ? `${a} right, ${b} wrong` : `${a} wrong, ${b} right`})`;
  const flips = input.summary.flips.samples.filter((flip) => flip.variant === b && flip.kind === kind).slice(0, layout.cases);
  const items = flips.flatMap((flip) => {
    const said = (prediction: string | null): string => (prediction === null ? 'nothing' : visibleLine(prediction));
    const head = `${visibleLine(flip.sampleId)}: label ${visibleLine(flip.label)}, ${a} said ${said(flip.baselinePrediction)}, ${b} said ${said(flip.prediction)}`;
    const lines = wrapText(head, layout.width, { first: '  ', rest: '    ' });
    return [...lines.map((line) => layout.paint(line, kind === 'lost' ? 'red' : 'green')), ...textLines(input, layout, flip.sampleId)];
  });
  return [layout.paint(title, 'bold'), ...items, ...moreLine(total - flips.length, layout)];
}

function textLines({ texts }: ReportInput, { width }: Layout, sampleId: string): readonly string[] {
  const text = texts.get(sampleId);
  if (text === undefined) return [];
  const lines = wrapText(visibleLine(text), width - 6);
  return lines.slice(0, TEXT_LINES).map((line, i) => `    ${line}${i === TEXT_LINES - 1 && lines.length > TEXT_LINES ? ' …' : ''}`);
}

const moreLine = (left: number, { paint }: Layout): readonly string[] => (left > 0 ? [paint(`  … ${grouped(left)} more`, 'dim')] : []);

/** Results that ended with an error. */
export function failureLines({ summary }: ReportInput, layout: Layout): readonly string[] {
  const { total, results } = summary.failures;
  if (total === 0) return [];
  const listed = results.slice(0, layout.cases);
  const lines = listed.flatMap(({ sampleId, variant, error }) =>
    wrapText(`${variant} ${visibleLine(sampleId)}: ${visibleLine(error)}`, layout.width, { first: '  ', rest: '    ' }),
  );
  return [layout.paint(`${counted(total, 'error')} (counted as wrong)`, 'bold'), ...lines, ...moreLine(total - listed.length, layout)];
}
