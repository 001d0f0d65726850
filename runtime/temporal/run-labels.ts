import type { RunStarted } from '../../schemas/index.ts';
import type { RunFlowArgs, RunName } from '../../workflows/index.ts';

/** What an operator reads about a run in Temporal, beside its history. No inputs, no outputs. */
export type RunLabels = {
  /** One line of Markdown. */
  readonly staticSummary: string;
  /** Some lines of Markdown. */
  readonly staticDetails: string;
  readonly memo: Readonly<Record<string, string>>;
};

/**
 * The server refuses summaries of more than 400 bytes and details of more than 20,000, as they are stored: as JSON, and encrypted where
 * a key is set, which adds up to 180 bytes.
 */
export const SUMMARY_BYTES = 200;
export const DETAILS_BYTES = 16_000;
/** Of one name within the details. */
const NAME_BYTES = 300;

/** Run ids are unique within a workspace only. */
export const workflowIdOf = ({ workspaceId, runId }: RunName): string => `${workspaceId}/run/${runId}`;

export function runLabels({ workspaceId, started, flowVersion, actor }: RunFlowArgs): RunLabels {
  const { flow, mode, origin, runId } = started.data;
  return {
    staticSummary: cutText([flow, shortVersion(flowVersion), mode, ...originParts(origin)].map(escapeMarkdown).join(' · '), SUMMARY_BYTES),
    staticDetails: detailsOf({ workspaceId, actor, flowVersion, started }),
    memo: { flow, flowVersion, mode, runId },
  };
}

type Asked = Pick<RunFlowArgs, 'workspaceId' | 'actor' | 'flowVersion' | 'started'>;

function detailsOf({ workspaceId, actor, flowVersion, started }: Asked): string {
  const { flow, mode, origin, runId, pins, modelMap } = started.data;
  const pinned = Object.keys(pins);
  const replaced = Object.entries(modelMap).map(([from, { provider, name }]) => `${from} → ${provider}/${name}`);
  const rows: readonly (readonly [string, string])[] = [
    ['flow', flow],
    ['version', flowVersion],
    ['run', runId],
    ['workspace', workspaceId],
    ['mode', mode],
    ['asked for by', [actor, ...originParts(origin)].join(', ')],
    ...(pinned.length === 0 ? [] : [['pinned nodes', pinned.join(', ')] as const]),
    ...(replaced.length === 0 ? [] : [['replaced models', replaced.join(', ')] as const]),
  ];
  const table = rows.map(([name, value]) => `| ${name} | ${escapeMarkdown(cutText(value, NAME_BYTES))} |`);
  return cutText(['| | |', '|---|---|', ...table, '', showCommand(started.data)].join('\n'), DETAILS_BYTES);
}

/** Where its results are to be seen. */
function showCommand({ origin, runId }: RunStarted['data']): string {
  const command =
    origin.kind === 'sample'
      ? `riskflow eval show ${shellWord(origin.evaluationId)} --results`
      : origin.kind === 'record'
        ? `riskflow decision list --source ${shellWord(origin.sourceId)}`
        : `riskflow run --resume ${shellWord(runId)}`;
  return `Once it is over, see its results with \`${cutText(command, NAME_BYTES)}\`.`;
}

function originParts(origin: RunStarted['data']['origin']): readonly string[] {
  if (origin.kind === 'record') return [`record ${origin.recordId} of ${origin.sourceId}`];
  if (origin.kind === 'schedule') return [`schedule ${origin.schedule}`];
  if (origin.kind === 'batch') return [`place ${origin.place} of batch ${origin.batchId}`];
  if (origin.kind === 'alert') return [`alert ${origin.alertId} of ${origin.sourceId}`];
  if (origin.kind === 'manual') return [];
  if (origin.kind === 'tool') return [`a tool node of run ${origin.runId}`];
  const { sampleId, variant, repeat } = origin;
  return [`sample ${sampleId}, variant ${variant}${repeat > 1 ? `, repeat ${repeat}` : ''}`];
}

const shortVersion = (version: string): string => version.slice(0, 12);

/** A name as it stands in Markdown, on one line, also within a table. */
export const escapeMarkdown = (text: string): string => oneLine(text).replaceAll(/[\\`*_[\]<>#|~!&]/g, String.raw`\$&`);

/** A word for a command that people copy; backticks would end the code that it stands in. */
const shellWord = (text: string): string => {
  const plain = oneLine(text).replaceAll('`', '?');
  return /^[\w./:@-]+$/.test(plain) ? plain : `'${plain.replaceAll("'", `'\\''`)}'`;
};

const oneLine = (text: string): string => text.toWellFormed().replaceAll(/[\s\p{Cc}]+/gu, ' ');

/** The beginning of a text, of at most so many bytes as JSON in UTF-8. Never ends in the middle of an escape. */
export function cutText(text: string, maxBytes: number): string {
  if (jsonBytes(text) <= maxBytes) return text;
  let cut = '';
  let bytes = jsonBytes('…');
  for (const character of text) {
    bytes += jsonBytes(character) - 2;
    if (bytes > maxBytes) break;
    cut += character;
  }
  // An odd number of backslashes would escape the ellipsis.
  return `${cut.replace(/(?<!\\)((?:\\\\)*)\\$/, '$1')}…`;
}

const jsonBytes = (text: string): number => Buffer.byteLength(JSON.stringify(text));
