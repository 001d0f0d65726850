import type { EvaluationDifference, FlippedSample } from '../../../schemas/core.ts';
import { counted } from '../../summary/number-text.ts';
import type { ReportInput } from '../report-input.ts';
import { cutText, tidyLines } from '../visible-text.ts';
import { foreign, safe, type Html } from './markup.ts';

/** Characters of a text shown, and cases shown before one must unfold. */
const LONGEST_TEXT = 500;
const OPEN = 8;

/** The samples on which the variants differ in being right: lost ones first, with their texts. */
export function flipLists(input: ReportInput): Html {
  const lists = Object.values(input.summary.differences).flatMap((difference) => [
    flipList(input, difference, 'lost'),
    flipList(input, difference, 'gained'),
  ]);
  return safe`${lists}`;
}

function flipList(input: ReportInput, difference: EvaluationDifference, kind: FlippedSample['kind']): Html {
  const { baseline: a, variant: b } = difference;
  const total = difference.flips[kind];
  const flips = input.summary.flips.samples.filter((flip) => flip.variant === b && flip.kind === kind);
  const meaning = kind === 'lost' ? `${a} right, ${b} wrong` : `${a} wrong, ${b} right`;
  const items = flips.map((flip) => {
    const said = (name: string, prediction: string | null, right: boolean): Html => {
      const answer = prediction === null ? 'nothing' : foreign(prediction);
      return safe`<span class="${right ? 'right' : 'wrong'}">${right ? '✓' : '✕'} ${name} said <b>${answer}</b></span>`;
    };
    return caseItem(input.texts.get(flip.sampleId) ?? null, kind, [
      safe`<span>label <b>${foreign(flip.label)}</b></span>`,
      said(a, flip.baselinePrediction, kind === 'lost'),
      said(b, flip.prediction, kind === 'gained'),
      safe`<span class="id">id ${foreign(flip.sampleId)}</span>`,
    ]);
  });
  const title = total === 0 ? `No sample ${kind}` : `${counted(total, 'sample')} ${kind}`;
  return safe`<h3>${title} <small>${meaning}</small></h3>${folded(items, total)}`;
}

/** Results that ended with an error; null when there are none. */
export function failureList({ summary }: ReportInput): Html | null {
  const { failures } = summary;
  if (failures.total === 0) return null;
  const items = failures.results.map((failure) =>
    caseItem(failure.error, 'lost', [
      safe`<span><b>${failure.variant}</b></span>`,
      ...(summary.repeats > 1 ? [safe`<span>repeat ${failure.repeat}</span>`] : []),
      safe`<span class="id">id ${foreign(failure.sampleId)}</span>`,
    ]),
  );
  return safe`<p>Errors count as wrong.</p>${folded(items, failures.total)}`;
}

function caseItem(text: string | null, kind: FlippedSample['kind'], head: readonly Html[]): Html {
  // Its blanks and lines are shown as they are, so nothing may be added around it.
  const shown = text === null ? null : cutText(tidyLines(cutText(text, 4 * LONGEST_TEXT)), LONGEST_TEXT);
  return safe`<li class="${kind}">
    <div class="head">${head}</div>${shown === null ? null : safe`<p class="text" dir="auto">${shown}</p>`}
  </li>`;
}

/** The first few at once, the rest behind a summary; `total` may exceed what is listed. */
function folded(items: readonly Html[], total: number): Html | null {
  if (total === 0) return null;
  const rest = items.slice(OPEN);
  const details = safe`<details><summary>Show ${rest.length} more</summary><ul class="cases">${rest}</ul></details>`;
  const left = total - items.length;
  return safe`<ul class="cases">${items.slice(0, OPEN)}</ul>${rest.length === 0 ? null : details}
    ${left > 0 ? safe`<p class="soft">${counted(left, 'more', 'more')} ${left === 1 ? 'is' : 'are'} not listed here.</p>` : null}`;
}
