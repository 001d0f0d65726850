import type { EvaluationSummary, FlippedSample } from '../../../schemas/core.ts';
import { counted } from '../../summary/number-text.ts';
import type { ReportInput } from '../report-input.ts';
import { cutText } from '../visible-text.ts';
import { foreign, html, type Html } from './markup.ts';

/** Characters of a text shown, and cases shown before one must unfold. */
const LONGEST_TEXT = 500;
const OPEN = 8;

/** The samples on which the variants differ in being right: lost ones first, with their texts. */
export function flipLists(input: ReportInput): Html {
  const { flips, differences } = input.summary;
  const lists = Object.values(differences).flatMap((difference) =>
    (['lost', 'gained'] as const).map((kind) => {
      const all = flips.samples.filter((sample) => sample.variant === difference.variant && sample.kind === kind);
      const total = difference.flips[kind];
      const meaning =
        kind === 'lost'
          ? `${difference.baseline} right, ${difference.variant} wrong`
          : `${difference.baseline} wrong, ${difference.variant} right`;
      return html`<h3>${total === 0 ? 'None' : counted(total, 'sample')} ${kind} <small>${meaning}</small></h3>
        ${folded(
          all.map((flip) => flipItem(input, flip)),
          total,
        )}`;
    }),
  );
  return html`${lists}`;
}

function flipItem(input: ReportInput, flip: FlippedSample): Html {
  const baseline = Object.keys(input.summary.variants)[0] ?? '';
  const said = (name: string, prediction: string | null, right: boolean): Html =>
    html`<span class="${right ? 'right' : 'wrong'}"
      >${right ? '✓' : '✕'} ${name} said <b>${prediction === null ? 'nothing' : foreign(prediction)}</b></span
    >`;
  return html`<li class="${flip.kind}">
    <div class="head">
      <span>label <b>${foreign(flip.label)}</b></span
      >${said(baseline, flip.baselinePrediction, flip.kind === 'lost')}${said(flip.variant, flip.prediction, flip.kind === 'gained')}<span
        class="id"
        >id ${foreign(flip.sampleId)}</span
      >
    </div>
    ${textOf(input, flip.sampleId)}
  </li>`;
}

function textOf({ texts }: ReportInput, sampleId: string): Html | null {
  const text = texts.get(sampleId);
  if (text === undefined) return null;
  return html`<p class="text" dir="auto">${cutText(text.replace(/(\s*\n){3,}/g, '\n\n'), LONGEST_TEXT)}</p>`;
}

/** The first few at once, the rest behind a summary; `total` may exceed what there is. */
function folded(items: readonly Html[], total: number): Html | null {
  if (items.length === 0) return null;
  const rest = items.slice(OPEN);
  return html`<ul class="cases">
      ${items.slice(0, OPEN)}
    </ul>
    ${
      rest.length === 0
        ? null
        : html`<details>
            <summary>Show ${rest.length} more</summary>
            <ul class="cases">
              ${rest}
            </ul>
          </details>`
    }${total > items.length ? html`<p class="soft">${counted(total - items.length, 'more sample')} ${total - items.length === 1 ? 'is' : 'are'} not listed here.</p>` : null}`;
}

/** Results that ended with an error. */
export function failureList(input: ReportInput): Html | null {
  const { failures }: Pick<EvaluationSummary, 'failures'> = input.summary;
  if (failures.total === 0) return null;
  const items = failures.results.map(
    (failure) =>
      html`<li class="lost">
        <div class="head">
          <span><b>${failure.variant}</b></span
          ><span class="id">id ${foreign(failure.sampleId)}</span
          >${input.summary.repeats > 1 ? html`<span>repeat ${failure.repeat}</span>` : null}
        </div>
        <p class="text" dir="auto">${cutText(failure.error, LONGEST_TEXT)}</p>
      </li>`,
  );
  return html`<p>Errors count as wrong.</p>
    ${folded(items, failures.total)}`;
}
