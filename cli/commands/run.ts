import type { Command } from 'commander';
import { RiskflowError, type Values } from '../../schemas/core.ts';
import { addVerb, option, type Dispatch } from '../declare.ts';
import { findFlow, importOptions, inputNames, readFlowFile, type NamedFlow } from '../flow-reference.ts';
import { readInputs } from '../options/flow-inputs.ts';
import { mappingOption, readMapping } from '../options/mapping.ts';
import type { Pairs } from '../options/pairs.ts';
import { checkPins, readPins } from '../options/pins.ts';
import { concurrencyOption, mapModelOption, hostOf, onOption, pinOption } from '../options/shared.ts';
import { withApp, type Session } from '../session.ts';
import { BATCH_CONCURRENCY, runBatch } from './batch.ts';
import { answerRun, refuseLoneAction } from './run-answer.ts';
import { followRun } from './run-follow.ts';
import { interruptionNotice, resumeRun } from './run-resume.ts';
import { stopRun } from './run-stop.ts';

type RunOptions = {
  readonly inputs: string;
  readonly query?: string;
  readonly pin?: string;
  readonly mapModel?: Pairs;
  readonly mapping?: string;
  readonly events?: boolean;
  readonly resume?: string | true;
  readonly stop?: string;
  readonly answer?: string;
  readonly action?: string;
  readonly node?: string;
  readonly wait?: boolean;
  readonly on?: string;
  readonly batch?: string;
  readonly concurrency?: number;
};

export function addRunCommand(program: Command, dispatch: Dispatch): void {
  addVerb(program, dispatch, {
    name: 'run [FLOW]',
    summary: 'run a flow once and print its outputs, or go on with a run that was interrupted',
    args: { FLOW: 'a Dify DSL file, which becomes a version of its flow, or FLOW[:VERSION] of a published flow' },
    options: [
      option('--inputs <JSON>', 'the inputs as a JSON object, or @FILE with one in it (@- reads standard input)').default('{}'),
      option('--query <TEXT>', 'what the user says to a chat flow (sys.query)'),
      pinOption(),
      mapModelOption(),
      mappingOption(),
      option('--events', 'print every event as Dify streams it, one JSON document per line'),
      onOption('where it runs: here, or temporal, where workers drive it', 'here'),
      option('--batch <FILE>', 'one run for each row of a CSV, TSV or .ndjson file, which has the inputs by name'),
      concurrencyOption('with --batch: calls in flight at a time', BATCH_CONCURRENCY),
      option('--resume [RUN_ID]', 'instead of FLOW: go on with the run, or with the only one, that was interrupted'),
      option('--answer <RUN_ID>', 'instead of FLOW: show what a run asks a person; with --action answer it, and go on with the run'),
      option('--action <ID>', 'with --answer: what is decided'),
      option('--node <ID>', 'with --answer: which node is answered, where several ask; in a pass of an iteration ITERATION[2]/ID'),
      option('--wait', 'stay while the run waits for a person; somebody answers from elsewhere'),
      option('--stop <RUN_ID>', 'instead of FLOW: stop a run for good, whoever drives it, also one that no worker has begun'),
    ],
    examples: [
      `riskflow run flow.yml --inputs '{"text": "You won a prize"}'`,
      'riskflow run flow.yml --inputs @inputs.json --json',
      'riskflow run chat.yml --query "Is this a scam?" --events',
      'riskflow run flow.yml --inputs @inputs.json --pin pins.json --map-model openai/gpt-4o=riskflow/classifier/reports@tune',
      'riskflow run flow.yml --batch reports.csv --concurrency 32 --on temporal',
      'riskflow run --resume',
      `riskflow run --answer 0b5c1d2e-4f6a-4c1e-9d2f-7a8b9c0d1e2f --action approve --inputs '{"note": "seen"}'`,
      'riskflow run --stop 0b5c1d2e-4f6a-4c1e-9d2f-7a8b9c0d1e2f',
    ],
    notes: [
      'A batch goes on with riskflow batch resume, and its runs are listed with riskflow batch show. A row that cannot be read stops no other.',
      'Exit code: 0 when the run succeeded or partly succeeded, 1 when it failed or was stopped.',
      'A run whose process was killed goes on with --resume, as it was begun: nodes that had finished are not executed again. Ctrl-C stops a run for good;',
      'a second Ctrl-C leaves at once, and whoever drives the run stops it as soon as that is possible. SIGTERM leaves a run on Temporal to its workers.',
      'A run that asks a person (human-input) pauses with exit code 1: answer it with --answer, or stay with --wait.',
      'Ctrl-C leaves a batch that runs here interrupted, and one on Temporal to its workers: riskflow batch resume follows it, batch cancel ends it.',
      'With --batch: 0 when every row was read and its run succeeded or partly succeeded, else 1.',
      'With --stop: 0 when the run is over or the stop is noted; `status` tells which: stopped, requested or already-over.',
    ],
    action: run,
  });
}

async function run(session: Session, command: Command): Promise<number> {
  const [reference] = command.args;
  const options = command.opts<RunOptions>();
  if (options.events === true && session.json) {
    throw new RiskflowError('usage', '--events and --json cannot be used together', {
      hint: '--events prints one JSON document per line, the last one is workflow_finished',
    });
  }
  if (options.resume !== undefined) return resumeRun(session, command);
  if (options.stop !== undefined) return stopRun(session, command, options.stop);
  if (options.answer !== undefined) return answerRun(session, command, options.answer);
  refuseLoneAction(options);
  if (reference === undefined)
    throw new RiskflowError('usage', 'run: the argument FLOW is missing', { hint: 'riskflow run --help tells more' });
  const { batch } = options;
  const on = hostOf(options.on) ?? 'here';
  if (batch === undefined && options.concurrency !== undefined) {
    throw new RiskflowError('usage', 'run: --concurrency is for --batch', {
      hint: 'one run takes as many calls at a time as its nodes need; modelConcurrency in riskflow.yml limits those to models',
    });
  }
  if (batch === undefined) return runReference(session, reference, { ...options, on });
  if (options.mapping !== undefined) {
    throw new RiskflowError('usage', 'run: --mapping does not go with --batch', {
      hint: 'import the file with it first: riskflow flow import FILE --mapping MAP.yml; then name the flow',
    });
  }
  if (options.inputs !== '{}' || options.query !== undefined || options.events === true) {
    throw new RiskflowError('usage', 'run: --batch goes with neither --inputs, --query nor --events', {
      hint: 'every row of the file has its inputs; a chat flow takes the column "query" or "text"',
    });
  }
  return runBatch(session, reference, { ...options, batch, on });
}

const LOOK_FOR_ANSWERS_MS = 500;

async function runReference(session: Session, reference: string, options: RunOptions): Promise<number> {
  const { query } = options;
  const inputs = await readInputs(session.terminal, options.inputs);
  const pins = options.pin === undefined ? {} : await readPins(session.terminal, options.pin);
  const mapping = await readMapping(session, options.mapping);
  const file = await readFlowFile(reference, mapping);
  return withApp(session, async (work) => {
    const { runtime, context } = work;
    const named = file ?? (await findFlow(work, reference));
    if (mapping !== undefined && !named.isFile) refuseMapping();
    const modelMap = { ...named.modelMap, ...options.mapModel };
    checkPins(pins, named.nodes);
    runtime.checkRun(context, { plan: named.plan, inputs, modelMap, pins });
    const onTemporal = options.on === 'temporal';
    const plan = named.isFile ? (await runtime.publishFlowFile(context, reference, await importOptions(mapping))).plan : named.plan;
    const interruption = await interruptionNotice(work);
    return followRun(session, work, {
      events: options.events === true,
      onBegun: () => {
        if (interruption !== null) session.notice(interruption);
        tellAbout(session, named, { inputs, options: { ...options, mapModel: modelMap } });
      },
      drive: (watch) => {
        const request = {
          plan,
          inputs,
          pins,
          modelMap,
          ...(query === undefined ? {} : { query }),
          ...watch,
          ...(options.wait === true ? { lookForAnswersMs: LOOK_FOR_ANSWERS_MS } : {}),
        };
        return onTemporal
          ? runtime.runFlowOnTemporal(context, { ...request, onWaiting: session.notice, onNotice: session.notice })
          : runtime.runFlow(context, request);
      },
    });
  });
}

function refuseMapping(): never {
  throw new RiskflowError('usage', 'run: --mapping is for a flow file', {
    hint: 'a published flow has what flow import FILE --mapping MAP.yml gave it; --map-model replaces its models',
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
  const ignored = [...inputs.keys()].filter((name) => known?.includes(name) === false);
  if (known !== null && ignored.length > 0) {
    const takes = known.length === 0 ? 'takes none' : `takes ${known.join(', ')}`;
    session.warn(`the flow has no input ${ignored.map((name) => `"${name}"`).join(', ')}, so it is ignored: it ${takes}`);
  }
  if (plan.mode === 'advanced-chat' && options.query === undefined)
    session.warn('this is a chat flow and runs with an empty query: give one with --query TEXT');
  for (const [from, to] of Object.entries(options.mapModel ?? {})) session.notice(`model ${from} is replaced by ${to}`);
}
