import { counted, grouped } from '../../summary/number-text.ts';
import { confusionRows } from '../confusion-rows.ts';
import { cutText } from '../visible-text.ts';
import { foreign, safe, scrolling, type Html } from './markup.ts';
import type { NamedVariant } from './tables.ts';

/** Labels shown in a matrix; more would not be readable. */
const LABELS = 20;
/** Predictions that are no label, named below the matrix. */
const OTHERS_NAMED = 5;
const LONGEST_NAME = 60;

/**
 * The confusion matrix of a variant as a table whose shades are shares of the row. Predictions that are no label of the
 * samples are one column, results without a prediction another; each only when there are some.
 */
export function confusionTable(variant: NamedVariant, labels: readonly string[]): Html {
  const rows = confusionRows(variant.summary, labels, LABELS);
  const hidden = labels.length - rows.length;
  const extras = [
    { title: counted(hidden, 'more label'), numbers: rows.map((row) => row.hidden), shown: hidden > 0 },
    { title: 'other', numbers: rows.map((row) => row.other), shown: rows.some((row) => row.other > 0) },
    { title: 'no answer', numbers: rows.map((row) => row.none), shown: rows.some((row) => row.none > 0) },
  ].filter(({ shown }) => shown);
  const name = (label: string): Html => foreign(cutText(label, LONGEST_NAME));
  const body = rows.map(
    (row, r) =>
      safe`<tr>
        <th scope="row">${name(row.label)}</th>
        ${row.cells.map((n, i) => cell(n, row.total, i === r))}${extras.map(({ numbers }) => cell(numbers[r] ?? 0, row.total, false))}
      </tr>`,
  );
  const heads = [...rows.map((row) => name(row.label)), ...extras.map(({ title }) => safe`<i>${title}</i>`)];
  const table = safe`<table class="matrix">
    <caption>
      Labels in rows, predictions of ${variant.name} in columns
    </caption>
    <thead>
      <tr>
        <th scope="col"><small>label</small></th>
        ${heads.map((head) => safe`<th scope="col">${head}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${body}
    </tbody>
  </table>`;
  return safe`<div>
    <h3><span class="mark" style="--v:${variant.colour}"></span>${variant.name}</h3>
    ${scrolling(`Confusion matrix of ${variant.name}`, table)}${othersNamed(variant, labels)}
  </div>`;
}

function cell(n: number, total: number, right: boolean): Html {
  const strength = total === 0 || n === 0 ? 0 : 0.08 + (0.5 * n) / total;
  const kind = right ? 'hit' : 'miss';
  return safe`<td class="${kind}" style="background:rgba(var(--${kind}),${strength.toFixed(3)})">${grouped(n)}</td>`;
}

/** The most frequent predictions that are no label. */
function othersNamed({ summary }: NamedVariant, labels: readonly string[]): Html | null {
  const isLabel = new Set(labels);
  const counts = new Map<string, number>();
  for (const row of Object.values(summary.confusion)) {
    for (const [name, n] of Object.entries(row)) if (!isLabel.has(name)) counts.set(name, (counts.get(name) ?? 0) + n);
  }
  if (counts.size === 0) return null;
  const frequent = [...counts].sort(([, a], [, b]) => b - a);
  const named = frequent
    .slice(0, OTHERS_NAMED)
    .map(([name, n]) => safe`<li><q>${foreign(cutText(name, LONGEST_NAME))}</q> ${grouped(n)}</li>`);
  const left = frequent.length - named.length;
  return safe`<p class="soft">Predictions that are no label:</p>
    <ul class="plain soft">
      ${named}${left > 0 ? safe`<li>and ${grouped(left)} more</li>` : null}
    </ul>`;
}
