import { counted, grouped } from '../../summary/number-text.ts';
import { cutText } from '../visible-text.ts';
import { foreign, html, scrolling, type Html } from './markup.ts';
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
  const shown = labels.slice(0, LABELS);
  const rows = shown.map((label) => rowOf(variant, label, labels));
  const hidden = labels.length - shown.length;
  const extra = {
    hidden: hidden > 0,
    other: rows.some((row) => row.other > 0),
    none: rows.some((row) => row.none > 0),
  };
  const heads = [
    ...shown.map((label) => foreign(cutText(label, LONGEST_NAME))),
    ...(extra.hidden ? [html`${counted(hidden, 'more label')}`] : []),
    ...(extra.other ? [html`<i>other</i>`] : []),
    ...(extra.none ? [html`<i>no answer</i>`] : []),
  ];
  const body = rows.map(
    (row) =>
      html`<tr>
        <th scope="row">${foreign(cutText(row.label, LONGEST_NAME))}</th>
        ${row.cells.map((n, i) => cell(n, row.total, shown[i] === row.label))}${extra.hidden ? cell(row.hidden, row.total, false) : null}${extra.other ? cell(row.other, row.total, false) : null}${extra.none ? cell(row.none, row.total, false) : null}
      </tr>`,
  );
  const table = html`<table class="matrix">
    <caption>
      Labels in rows, predictions of ${variant.name} in columns
    </caption>
    <thead>
      <tr>
        <th scope="col"><small>label</small></th>
        ${heads.map((head) => html`<th scope="col">${head}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${body}
    </tbody>
  </table>`;
  return html`<div>
    <h3><span class="mark" style="--v:${variant.colour}"></span>${variant.name}</h3>
    ${scrolling(`Confusion matrix of ${variant.name}`, table)}${othersNamed(variant, labels)}
  </div>`;
}

type Row = {
  readonly label: string;
  /** One for each shown label. */
  readonly cells: readonly number[];
  /** Predictions of labels that are not shown; of no label; none at all. */
  readonly hidden: number;
  readonly other: number;
  readonly none: number;
  readonly total: number;
};

function rowOf({ summary }: NamedVariant, label: string, labels: readonly string[]): Row {
  const said = new Map(Object.entries(own(summary.confusion, label) ?? {}));
  const none = own(summary.unpredicted, label) ?? 0;
  const predicted = [...said.values()].reduce((sum, n) => sum + n, 0);
  const cells = labels.map((name) => said.get(name) ?? 0);
  const ofLabels = cells.reduce((sum, n) => sum + n, 0);
  const hidden = cells.slice(LABELS).reduce((sum, n) => sum + n, 0);
  return { label, cells: cells.slice(0, LABELS), hidden, other: predicted - ofLabels, none, total: predicted + none };
}

/** A label may be called "constructor". */
const own = <T>(record: Readonly<Record<string, T>>, key: string): T | undefined => (Object.hasOwn(record, key) ? record[key] : undefined);

function cell(n: number, total: number, right: boolean): Html {
  const strength = total === 0 || n === 0 ? 0 : 0.08 + (0.5 * n) / total;
  return html`<td class="${right ? 'hit' : 'miss'}" style="background:rgba(var(--${right ? 'hit' : 'miss'}),${strength.toFixed(3)})">
    ${grouped(n)}
  </td>`;
}

/** The most frequent predictions that are no label. */
function othersNamed({ summary }: NamedVariant, labels: readonly string[]): Html | null {
  const counts = new Map<string, number>();
  for (const row of Object.values(summary.confusion)) {
    for (const [name, n] of Object.entries(row)) if (!labels.includes(name)) counts.set(name, (counts.get(name) ?? 0) + n);
  }
  if (counts.size === 0) return null;
  const frequent = [...counts].sort(([, a], [, b]) => b - a);
  const named = frequent
    .slice(0, OTHERS_NAMED)
    .map(([name, n]) => html`<li><q>${foreign(cutText(name, LONGEST_NAME))}</q> ${grouped(n)}</li>`);
  const left = frequent.length - named.length;
  return html`<p class="soft">Other predictions, which are no label:</p>
    <ul class="plain soft">
      ${named}${left > 0 ? html`<li>and ${grouped(left)} more</li>` : null}
    </ul>`;
}
