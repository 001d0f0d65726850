import { Option, type Command } from 'commander';
import type { CreateSourceRequest, SourceStatus } from '../../runtime/index.ts';
import { addNoun, addVerb, option, type Dispatch } from '../declare.ts';
import { listenForInterruption } from '../interruption.ts';
import type { Pairs } from '../options/pairs.ts';
import { concurrencyOption, mapOption } from '../options/shared.ts';
import { durationText } from '../output/duration.ts';
import { renderTable } from '../output/table.ts';
import { withApp, type Session } from '../session.ts';

export function addSourceCommands(program: Command, dispatch: Dispatch): void {
  const source = addNoun(program, 'source', 'feed records into a flow and decide each of them once');
  addVerb(source, dispatch, {
    name: 'create <ID>',
    summary: 'create a source: where records come from and which flow decides them',
    args: { ID: 'name of the source' },
    needed: [
      option('--file <FILE>', 'records, one JSON object per line; lines that are added later are read by the next start'),
      option('--flow <FLOW>', 'FLOW (its latest version at each start), FLOW:VERSION, or a Dify DSL file'),
    ],
    options: [
      option('--key <FIELD>', 'the field with the business key of a record'),
      new Option('--on-duplicate-key <RULE>', 'what becomes of a record whose key an earlier one has')
        .choices(['process', 'keep', 'replace'])
        .default('process'),
      option('--query <FIELD>', 'the field that a chat flow takes as its query (default: text)'),
      mapOption(),
    ],
    examples: [
      'riskflow source create reports --file reports.ndjson --flow report-triage --key id',
      'riskflow source create ads --file ads.ndjson --flow ads.yml --map text=body --on-duplicate-key keep --key ad_id',
    ],
    notes: ['The same settings again write nothing; other settings under the same name are refused.'],
    action: create,
  });
  addVerb(source, dispatch, {
    name: 'start <ID>',
    summary: 'read what is new, decide every record that is pending, and end',
    args: { ID: 'name of the source' },
    options: [concurrencyOption('calls in flight at a time', DEFAULT_CONCURRENCY)],
    examples: ['riskflow source start reports', 'riskflow source start reports --concurrency 32 --json'],
    notes: ['Interrupted at any moment, another start goes on: nothing is lost and nothing decided twice.'],
    action: start,
  });
  addVerb(source, dispatch, {
    name: 'status [ID]',
    summary: 'print how far a source is, or all of them',
    args: { ID: 'name of the source (default: all)' },
    examples: ['riskflow source status', 'riskflow source status reports --json'],
    action: status,
  });
}

const DEFAULT_CONCURRENCY = 8;

type CreateOptions = {
  readonly file: string;
  readonly flow: string;
  readonly key?: string;
  readonly onDuplicateKey: NonNullable<CreateSourceRequest['onDuplicateKey']>;
  readonly query?: string;
  readonly map?: Pairs;
};

async function create(session: Session, command: Command): Promise<number> {
  const [sourceId = ''] = command.args;
  const { file, flow, key, onDuplicateKey, query, map = {} } = command.opts<CreateOptions>();
  return withApp(session, async ({ runtime, context }) => {
    const created = await runtime.createSource(context, {
      sourceId,
      path: file,
      flow,
      onDuplicateKey,
      inputMap: map,
      ...(key === undefined ? {} : { keyField: key }),
      ...(query === undefined ? {} : { queryField: query }),
    });
    if (session.json) session.printJson(created);
    else {
      const version = created.flowVersion === null ? 'its latest version at each start' : `version ${created.flowVersion.slice(0, 12)}`;
      session.print(
        `source ${sourceId} ${created.isNew ? 'is created' : 'was there already'}: ${created.location}, decided by ${created.flow}, ${version}`,
      );
    }
    return 0;
  });
}

async function start(session: Session, command: Command): Promise<number> {
  const [sourceId = ''] = command.args;
  const { concurrency = DEFAULT_CONCURRENCY } = command.opts<{ concurrency?: number }>();
  const interruption = listenForInterruption(() => ({
    sentence: `source ${sourceId} was interrupted; what is done is stored`,
    hint: `go on with: riskflow source start ${sourceId}`,
  }));
  try {
    return await withApp(session, async ({ runtime, context }) => {
      const { onProgress } = session;
      const run = await runtime.startSource(context, sourceId, { concurrency, onProgress, signal: interruption.signal });
      for (const note of [...(await runtime.sourceWarnings(context, sourceId)), ...run.notes]) session.warn(note);
      if (session.json) session.printJson(run);
      else {
        session.print(
          `${run.records} new records and ${run.deadLetters} dead letters; ${run.decided} decided, ${run.failed} failed, ${run.superseded} superseded by ${run.flow} version ${run.flowVersion.slice(0, 12)} in ${durationText(run.elapsedMs)}`,
        );
      }
      return 0;
    });
  } finally {
    interruption.stopListening();
  }
}

async function status(session: Session, command: Command): Promise<number> {
  const [sourceId] = command.args;
  return withApp(session, async ({ runtime, context }) => {
    const sources = await runtime.sourceStatus(context, sourceId);
    if (session.json) session.printJson({ sources });
    else if (sources.length === 0) session.notice('there is no source yet: riskflow source create ID --file FILE.ndjson --flow FLOW');
    else session.print(statusTable(sources));
    return 0;
  });
}

const number = (title: string) => ({ title, align: 'right' }) as const;

const statusTable = (sources: readonly SourceStatus[]): string =>
  renderTable(
    [
      { title: 'source' },
      { title: 'flow' },
      { title: 'read' },
      number('pending'),
      number('decided'),
      number('failed'),
      number('superseded'),
      number('dead letters'),
      { title: 'worked on by' },
    ],
    sources.map(({ sourceId, flow, offset, size, pending, decided, failed, superseded, deadLetters, heldBy }) => [
      sourceId,
      flow,
      size === null ? `${offset} bytes; the file is gone` : `${offset} of ${size} bytes`,
      pending,
      decided,
      failed,
      superseded,
      deadLetters,
      heldBy === null ? '' : `process ${heldBy.pid} on ${heldBy.host}`,
    ]),
  );
