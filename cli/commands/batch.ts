import type { Command } from 'commander';
import type { BatchOptions, BatchSummary } from '../../runtime/index.ts';
import { RiskflowError } from '../../schemas/core.ts';
import { addNoun, addVerb, option, type Dispatch } from '../declare.ts';
import { findFlow, readFlowFile } from '../flow-reference.ts';
import { listenForInterruption } from '../interruption.ts';
import { wholeNumber } from '../options/numbers.ts';
import type { Pairs } from '../options/pairs.ts';
import { checkPins, readPins } from '../options/pins.ts';
import type { Host } from '../options/shared.ts';
import { renderTable } from '../output/table.ts';
import { withApp, type Session, type Work } from '../session.ts';
import { listBatches } from './batch-list.ts';
import { tellWish, WISH_EXITS } from './tell-wish.ts';

export const BATCH_CONCURRENCY = 8;
const SHOWN_REJECTED = 5;
const LISTED = 20;
const ID = { ID: 'id of the batch; `batch list` prints them' };
const EXIT = 'Exit code: 0 when every row was read and its run succeeded or partly succeeded, else 1.';

export function addBatchCommands(program: Command, dispatch: Dispatch): void {
  const batch = addNoun(program, 'batch', 'go on with, show and end batches of runs, which run --batch begins');
  addVerb(batch, dispatch, {
    name: 'resume <ID>',
    summary: 'go on with a batch that was interrupted or paused, or follow one on Temporal',
    args: ID,
    examples: ['riskflow batch resume b-0b5c1d2e-4f6a'],
    notes: ['Runs that are over are not run again, nor are nodes that had finished.', EXIT],
    action: (session, command) =>
      withApp(session, (work) => drive(session, work, (options) => work.runtime.resumeBatch(work.context, idOf(command), options))),
  });
  addVerb(batch, dispatch, {
    name: 'show <ID>',
    summary: 'print every run of a batch as it stands, one JSON document per line',
    args: ID,
    examples: ['riskflow batch show b-0b5c1d2e-4f6a > runs.ndjson'],
    action: (session, command) =>
      withApp(session, async ({ runtime, context }) => {
        for await (const run of runtime.showBatchRuns(context, idOf(command))) session.terminal.out.write(`${JSON.stringify(run)}\n`);
        return 0;
      }),
  });
  addVerb(batch, dispatch, {
    name: 'list',
    summary: 'list batches, the newest first',
    options: [option('--limit <N>', 'batches to print', { read: wholeNumber('--limit', { min: 1, max: 100_000 }), standard: LISTED })],
    examples: ['riskflow batch list', 'riskflow batch list --limit 1 --json'],
    action: listBatches,
  });
  for (const wish of ['pause', 'cancel'] as const) {
    addVerb(batch, dispatch, {
      name: `${wish} <ID>`,
      summary: wish === 'pause' ? 'leave a batch as it is, to go on later' : 'end a batch for good',
      args: ID,
      options: wish === 'pause' ? [] : [option('--reason <TEXT>', 'why, for those who look at it later')],
      examples: [`riskflow batch ${wish} b-0b5c1d2e-4f6a`],
      notes: ['Commands that follow it, on Temporal too, say so and end with exit code 1.', WISH_EXITS],
      action: (session, command) =>
        withApp(session, async ({ runtime, context }) => {
          const { reason } = command.opts<{ reason?: string }>();
          const asked = await runtime.wishForBatch(context, idOf(command), {
            wish,
            onWarning: session.warn,
            ...(reason === undefined ? {} : { reason }),
          });
          return tellWish(session, asked, { kind: 'batch', wish });
        }),
    });
  }
}

const idOf = ({ args: [id = ''] }: Command): string => id;

export type BatchWishes = {
  readonly batch: string;
  readonly concurrency?: number;
  readonly pin?: string;
  readonly mapModel?: Pairs;
  readonly on?: Host;
};

/** `run FLOW --batch FILE`: runs a flow once for each row of a file. */
export async function runBatch(session: Session, reference: string, wishes: BatchWishes): Promise<number> {
  const { batch: file, concurrency = BATCH_CONCURRENCY, pin, mapModel: modelMap = {}, on = 'here' } = wishes;
  const pins = pin === undefined ? {} : await readPins(session.terminal, pin);
  const flow = await readFlowFile(reference);
  return withApp(session, async (work) => {
    const { runtime, context } = work;
    const named = flow ?? (await findFlow(work, reference));
    checkPins(pins, named.nodes);
    const plan = named.isFile ? (await runtime.publishFlowFile(context, reference)).plan : named.plan;
    for (const warning of named.warnings) session.warn(warning);
    return drive(session, work, (options) => runtime.runBatch(context, { plan, file, pins, modelMap, concurrency }, { ...options, on }));
  });
}

/** Drives or follows a batch to its end. Interrupted, it says how to go on. */
async function drive(session: Session, work: Work, start: (options: BatchOptions) => Promise<BatchSummary>): Promise<number> {
  let id: string | undefined;
  let onTemporal = false;
  const interruption = listenForInterruption(() => ({
    sentence:
      id === undefined
        ? 'the batch was interrupted before it began'
        : onTemporal
          ? `nobody follows batch ${id} any more; Temporal goes on with it`
          : `batch ${id} was interrupted; what is done is stored`,
    hint:
      id === undefined
        ? 'run it again'
        : onTemporal
          ? `follow it with: riskflow batch resume ${id}; stop it with: riskflow batch cancel ${id}`
          : `go on with: riskflow batch resume ${id}`,
  }));
  try {
    const summary = await start({
      signal: interruption.signal,
      onProgress: session.onProgress,
      onWaiting: session.notice,
      onStarted: ({ batchId, runs, rejected, fileName, host }) => {
        id = batchId;
        onTemporal = host === 'temporal';
        for (const { line, error } of rejected.slice(0, SHOWN_REJECTED)) session.warn(`line ${line} of ${fileName}: ${error}`);
        if (rejected.length > SHOWN_REJECTED) session.warn(`and ${rejected.length - SHOWN_REJECTED} more rows that cannot be read`);
        session.notice(`batch ${batchId}: ${runs} runs; if it is interrupted: riskflow batch resume ${batchId}`);
      },
    });
    interruption.signal.throwIfAborted();
    await print(session, work, summary);
    if (summary.host === 'here' && summary.handedOver > 0) {
      const { handedOver } = summary;
      session.notice(
        `${handedOver} ${handedOver === 1 ? 'run waits' : 'runs wait'} for people: riskflow run --answer RUN_ID shows what is asked`,
      );
      return 1;
    }
    return summary.rejected.length === 0 && summary.succeeded + summary.handedOver === summary.runs ? 0 : 1;
  } catch (error) {
    if (id !== undefined && error instanceof RiskflowError && error.hint === undefined && error.code === 'failed')
      throw new RiskflowError('failed', error.message, { cause: error, hint: `see its runs with: riskflow batch show ${id}` });
    throw error;
  } finally {
    interruption.stopListening();
  }
}

async function print(session: Session, { runtime, context }: Work, summary: BatchSummary): Promise<void> {
  if (session.json) {
    const listing = await Array.fromAsync(runtime.showBatchRuns(context, summary.id));
    session.printJson({ ...summary, results: listing });
    return;
  }
  const { succeeded, failed, stopped, handedOver, rejected } = summary;
  const right = (title: string) => ({ title, align: 'right' as const });
  session.print(
    renderTable(
      [
        { title: 'batch' },
        right('succeeded'),
        right('failed'),
        right('stopped'),
        right(summary.host === 'here' ? 'waiting' : 'handed over'),
        right('rows not read'),
      ],
      [[summary.id, succeeded, failed, stopped, handedOver, rejected.length]],
    ),
  );
  session.print(`every run: riskflow batch show ${summary.id}`);
}
