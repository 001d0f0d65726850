import type { Command } from 'commander';
import { decodeValues, RiskflowError, toJsonText, type Value, type Values } from '../../schemas/core.ts';
import type { FinishedRun } from '../../runtime/index.ts';
import { addVerb, option, type Dispatch } from '../declare.ts';
import { findFlow, inputNames, readFlowFile, type NamedFlow } from '../flow-reference.ts';
import { readInputs } from '../options/flow-inputs.ts';
import type { Pairs } from '../options/pairs.ts';
import { checkPins, readPins } from '../options/pins.ts';
import { mapModelOption, pinOption } from '../options/shared.ts';
import { durationText } from '../output/duration.ts';
import { oneLine } from '../output/visible-text.ts';
import { stopOnSignal } from '../stop-on-signal.ts';
import { withApp, type Session, type Work } from '../session.ts';

type RunOptions = {
  readonly inputs: string;
  readonly query?: string;
  readonly pin?: string;
  readonly mapModel?: Pairs;
  readonly events?: boolean;
};

export function addRunCommand(program: Command, dispatch: Dispatch): void {
  addVerb(program, dispatch, {
    name: 'run <FLOW>',
    summary: 'run a flow once and print its outputs',
    args: { FLOW: 'a Dify DSL file, which becomes a version of its flow, or FLOW[:VERSION] of a published flow' },
    options: [
      option('--inputs <JSON>', 'the inputs as a JSON object, or @FILE with one in it (@- reads standard input)').default('{}'),
      option('--query <TEXT>', 'what the user says to a chat flow (sys.query)'),
      pinOption(),
      mapModelOption(),
      option('--events', 'print every event as Dify streams it, one JSON document per line'),
    ],
    examples: [
      `riskflow run flow.yml --inputs '{"text": "You won a prize"}'`,
      'riskflow run flow.yml --inputs @inputs.json --json',
      'riskflow run chat.yml --query "Is this a scam?" --events',
      'riskflow run flow.yml --inputs @inputs.json --pin pins.json --map-model openai/gpt-4o=riskflow/classifier/reports@tune',
    ],
    notes: ['Exit code: 0 when the run succeeded or partly succeeded, 1 when it failed or was stopped.'],
    action: run,
  });
}

async function run(session: Session, command: Command): Promise<number> {
  const [reference = ''] = command.args;
  const options = command.opts<RunOptions>();
  if (options.events === true && session.json) {
    throw new RiskflowError('usage', '--events and --json cannot be used together', {
      hint: '--events prints one JSON document per line, the last one is workflow_finished',
    });
  }
  const inputs = await readInputs(session.terminal, options.inputs);
  const pins = options.pin === undefined ? {} : await readPins(session.terminal, options.pin);
  const file = await readFlowFile(reference);
  return withApp(session, async (work) => {
    const named = file ?? (await findFlow(work, reference));
    checkPins(pins, named.nodes);
    work.runtime.checkRun(work.context, { plan: named.plan, inputs, modelMap: options.mapModel ?? {} });
    const plan = named.isFile ? (await work.runtime.publishFlowFile(work.context, reference)).plan : named.plan;
    const finished = await execute(session, work, { named: { ...named, plan }, inputs, pins, options });
    if (options.events !== true) printRun(session, plan, finished);
    return finished.status === 'succeeded' || finished.status === 'partial-succeeded' ? 0 : 1;
  });
}

/** What a reader of the outputs should know. Said once the run has begun: a mistake is told alone. */
function tellAbout(
  session: Session,
  { plan, warnings }: NamedFlow,
  { inputs, options }: { readonly inputs: Values; readonly options: RunOptions },
): void {
  for (const warning of warnings) session.warn(warning);
  const known = inputNames(plan);
  const ignored = [...inputs.keys()].filter((name) => !known.includes(name));
  if (ignored.length > 0) {
    const takes = known.length === 0 ? 'takes none' : `takes ${known.join(', ')}`;
    session.warn(`the flow has no input ${ignored.map((name) => `"${name}"`).join(', ')}, so it is ignored: it ${takes}`);
  }
  if (plan.mode === 'advanced-chat' && options.query === undefined)
    session.warn('this is a chat flow and runs with an empty query: give one with --query TEXT');
  for (const [from, to] of Object.entries(options.mapModel ?? {})) session.notice(`model ${from} is replaced by ${to}`);
}

type Execution = {
  readonly named: NamedFlow;
  readonly inputs: Values;
  readonly pins: Awaited<ReturnType<typeof readPins>>;
  readonly options: RunOptions;
};

async function execute(session: Session, { runtime, context }: Work, { named, inputs, pins, options }: Execution): Promise<FinishedRun> {
  const { plan } = named;
  const translate = runtime.difyEvents(plan);
  const stop = stopOnSignal((runId) => runtime.stopRun(context, runId, 'interrupted at the keyboard'));
  try {
    return await runtime.runFlow(context, {
      plan,
      inputs,
      pins,
      modelMap: options.mapModel ?? {},
      ...(options.query === undefined ? {} : { query: options.query }),
      onEvent: (event) => {
        if (event.type === 'RunStarted') {
          stop.began(event.data.runId);
          tellAbout(session, named, { inputs, options });
        }
        if (options.events !== true) return;
        for (const translated of translate(event)) session.terminal.out.write(`${toJsonText(translated)}\n`);
      },
    });
  } finally {
    stop.end();
  }
}

function printRun(session: Session, plan: NamedFlow['plan'], run: FinishedRun): void {
  const tokens = (run.usage.inputTokens ?? 0) + (run.usage.outputTokens ?? 0);
  // A failed run has none.
  const outputs = run.outputs === null ? null : decodeValues(run.outputs);
  if (session.json) {
    const document = new Map<string, Value>([
      ['runId', run.runId],
      ['status', run.status],
      ['outputs', outputs],
      ['error', run.error],
      ['elapsedMs', run.elapsedMs],
      ['totalSteps', run.totalSteps],
      ['totalTokens', tokens],
      ['exceptionsCount', run.exceptionsCount],
      ['flow', plan.flow],
      ['flowVersion', plan.flowVersion],
    ]);
    session.print(toJsonText(document, 2));
    return;
  }
  const { bold, green, red, yellow } = session.style;
  const colour = run.status === 'succeeded' ? green : run.status === 'partial-succeeded' ? yellow : red;
  const used = tokens === 0 ? '' : `, ${tokens} tokens`;
  session.print(`${bold(colour(run.status))} in ${durationText(run.elapsedMs)}, ${run.totalSteps} steps${used}  (run ${run.runId})`);
  if (run.error !== null) session.print(`error: ${oneLine(run.error)}`);
  if (outputs !== null && outputs.size > 0) session.print(toJsonText(outputs, 2));
}
