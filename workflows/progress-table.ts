import type { Plan, RunState } from '../flow/core.ts';
import type { NodeStatus, RunEvent } from '../schemas/core.ts';

type Row = {
  readonly status: NodeStatus | 'running' | 'retrying';
  readonly attempts: number;
  readonly startedAt: number;
  readonly endedAt: number | null;
  /** As it stands in the table. */
  readonly text: string;
};

type Shown = Omit<Row, 'text'>;

const MAX_ROWS = 20;

/**
 * What an operator reads about a run under way in Temporal: a small table in Markdown of the nodes that are running and those that
 * finished last. It holds no inputs, outputs or errors.
 */
export class ProgressTable {
  readonly #titles: ReadonlyMap<string, string>;
  /** By node and visit, in the order of the last change. */
  readonly #rows = new Map<string, Row>();

  constructor(plan: Plan) {
    this.#titles = new Map(plan.nodes.map(({ id, title }) => [id, title]));
  }

  note(events: readonly RunEvent[]): void {
    for (const event of events) this.#noteOne(event);
  }

  text(state: RunState): string {
    const status = state.finished?.status ?? (state.paused === null ? 'running' : 'paused');
    const head = [`**${status}**`, plural(state.steps, 'node'), `${state.running.size} under way`];
    if (this.#retries > 0) head.push(`${this.#retries} tried again`);
    if (state.stopReason !== null) head.push(`to stop: ${markdownText(state.stopReason)}`);
    const rows = Array.from(this.#rows.values(), ({ text }) => text).toReversed();
    return rows.length === 0
      ? head.join(' · ')
      : [head.join(' · '), '', '| node | status | attempts | seconds |', '|---|---|--:|--:|', ...rows].join('\n');
  }

  #retries = 0;

  #noteOne(event: RunEvent): void {
    if (event.type === 'NodeStarted') {
      this.#put(event.data, { status: 'running', attempts: 1, startedAt: event.data.at, endedAt: null });
    } else if (event.type === 'NodeRetried') {
      this.#retries++;
      const startedAt = this.#rows.get(keyOf(event.data))?.startedAt ?? event.data.at;
      this.#put(event.data, { status: 'retrying', attempts: event.data.attempt + 1, startedAt, endedAt: null });
    } else if (event.type === 'NodeFinished') {
      const { status, startedAt, at } = event.data;
      this.#put(event.data, { status, attempts: this.#rows.get(keyOf(event.data))?.attempts ?? 1, startedAt, endedAt: at });
    }
  }

  #put(visit: Visit, row: Shown): void {
    const key = keyOf(visit);
    this.#rows.delete(key);
    const title = this.#titles.get(visit.nodeId) ?? visit.nodeId;
    this.#rows.set(key, { ...row, text: rowText(title, row) });
    if (this.#rows.size <= MAX_ROWS) return;
    // Those that are still running are what people look for.
    const oldest = [...this.#rows].find(([, { endedAt }]) => endedAt !== null) ?? [...this.#rows][0];
    if (oldest !== undefined) this.#rows.delete(oldest[0]);
  }
}

type Visit = { readonly nodeId: string; readonly path: readonly (readonly [string, number])[]; readonly visit: number };
const keyOf = ({ nodeId, path, visit }: Visit): string =>
  path.length === 0 && visit === 1 ? nodeId : JSON.stringify([nodeId, path, visit]);

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** Nobody counts the seconds of a node under way: the table is made when something changes. It says since when. */
function rowText(title: string, { status, attempts, startedAt, endedAt }: Shown): string {
  const time =
    endedAt === null ? `since ${new Date(startedAt).toISOString().slice(11, 19)} UTC` : ((endedAt - startedAt) / 1000).toFixed(1);
  return `| ${markdownText(title)} | ${status} | ${attempts} | ${time} |`;
}

const MAX_CHARACTERS = 80;

/** A name as it stands in a table: on one line, not too long, with nothing that Markdown or HTML would take for its own. */
export function markdownText(text: string): string {
  const line = Array.from(text.replaceAll(/[\s\p{Cc}]+/gu, ' '));
  const short = line.length <= MAX_CHARACTERS ? line : [...line.slice(0, MAX_CHARACTERS - 1), '…'];
  return short.join('').replaceAll(/[\\`*_[\]<>#|~!&]/g, String.raw`\$&`);
}
