import type { Command } from 'commander';
import type { SourceStatus } from '../../../runtime/index.ts';
import { addVerb, type Dispatch } from '../../declare.ts';
import { renderTable } from '../../output/table.ts';
import { withApp, type Session } from '../../session.ts';

export function addSourceStatus(source: Command, dispatch: Dispatch): void {
  addVerb(source, dispatch, {
    name: 'status [ID]',
    summary: 'print how far a source is and what is done for it, or how far all of them are',
    args: { ID: 'name of the source (default: all)' },
    examples: ['riskflow source status', 'riskflow source status reports --json'],
    action: status,
  });
}

async function status(session: Session, command: Command): Promise<number> {
  const [sourceId] = command.args;
  return withApp(session, async ({ runtime, context }) => {
    const sources = await runtime.sourceStatus(context, sourceId);
    const [only] = sources;
    if (session.json) session.printJson({ sources });
    else if (sources.length === 0) session.notice('there is no source yet: riskflow source create ID --file FILE.ndjson --flow FLOW');
    else session.print(sourceId === undefined || only === undefined ? overview(sources) : details(only));
    return 0;
  });
}

const number = (title: string) => ({ title, align: 'right' }) as const;

/** Kafka-Connect's words, and the one of the kill switch. */
function stateOf({ wish, killed, tasks }: SourceStatus): string {
  if (killed !== null) return 'killed';
  if (wish === 'pause') return 'paused';
  if (wish === 'stop') return 'stopped';
  if (tasks.some(({ state }) => state === 'failed')) return 'failed';
  return tasks.length === 0 ? 'unassigned' : 'running';
}

const sum = (values: readonly (number | null)[]): number => values.reduce<number>((total, value) => total + (value ?? 0), 0);

function lagOf({ partitions, endsTrouble }: SourceStatus): string {
  if (endsTrouble !== null) return 'not known';
  const known = partitions.map(({ lag }) => lag);
  return known.every((lag) => lag === null) ? '' : String(sum(known));
}

const overview = (sources: readonly SourceStatus[]): string =>
  renderTable(
    [
      { title: 'source' },
      { title: 'state' },
      { title: 'flow' },
      number('lag'),
      number('pending'),
      number('decided'),
      number('failed'),
      number('superseded'),
      number('dead letters'),
      { title: 'worked on by' },
    ],
    sources.map((each) => [
      each.sourceId,
      stateOf(each),
      each.live.flow,
      lagOf(each),
      each.pending,
      each.decided,
      each.failed,
      each.superseded,
      each.deadLetters,
      each.heldBy.map(({ pid, host }) => `process ${pid} on ${host}`).join(', '),
    ]),
  );

const flowText = ({ flow, flowVersion }: { readonly flow: string; readonly flowVersion: string | null }): string =>
  `${flow} ${flowVersion === null ? '(its latest version)' : flowVersion.slice(0, 12)}`;

function details(source: SourceStatus): string {
  const { canary, shadow, killed, wishReason, endsTrouble } = source;
  const lines = [
    `source ${source.sourceId}: ${stateOf(source)} (${killed ?? wishReason})`,
    `live    ${flowText(source.live)}`,
    ...(canary === null ? [] : [`canary  ${flowText(canary.flow)} for ${canary.share * 100} % of the subjects`]),
    ...(shadow === null ? [] : [`shadow  ${flowText(shadow)}`]),
    `records ${source.pending} pending, ${source.decided} decided, ${source.failed} failed, ${source.superseded} superseded, ${source.skipped} left out, ${source.deadLetters} dead letters${source.trimmed === 0 ? '' : `; ${source.trimmed} of the decided, failed and superseded are kept no longer`}`,
    ...(endsTrouble === null ? [] : [`its ends are not known: ${endsTrouble}`]),
  ];
  const partitions = source.partitions.map((each) => [
    each.topic,
    each.partition,
    each.incarnation,
    each.nextOffset,
    each.end ?? '',
    each.lag ?? '',
  ]);
  const tasks = source.tasks.map(({ task, state, by, trace }) => [task, state, `process ${by.pid} on ${by.host}`, trace ?? '']);
  const tables = [
    renderTable(
      [{ title: 'topic', atMost: 40 }, number('partition'), number('incarnation'), number('read to'), number('end'), number('lag')],
      partitions,
    ),
    ...(tasks.length === 0
      ? []
      : [renderTable([{ title: 'task' }, { title: 'state' }, { title: 'by' }, { title: 'trace', atMost: 120 }], tasks)]),
  ];
  return [lines.join('\n'), ...tables].join('\n\n');
}
