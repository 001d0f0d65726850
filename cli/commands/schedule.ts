import { Option, type Command } from 'commander';
import { addNoun, addVerb, option, type Dispatch, type VerbOption } from '../declare.ts';
import { decimalNumber, wholeNumber } from '../options/numbers.ts';
import { concurrencyOption, mapModelOption, mapOption, pinOption, seedOption } from '../options/shared.ts';
import { variants } from '../options/variants.ts';
import { SHOWN_DEFAULTS } from './eval.ts';
import { createSchedule, SCHEDULE_DEFAULTS } from './schedule-create.ts';
import { deleteSchedule, listSchedules, pauseSchedule, resumeSchedule, showSchedule, triggerSchedule } from './schedule-reads.ts';

const FLOW = 'FLOW (its latest version each time), FLOW:VERSION, or a Dify DSL file';
const NAME = { NAME: 'name of the schedule; `schedule list` prints them' };

export function addScheduleCommands(program: Command, dispatch: Dispatch): void {
  const schedule = addNoun(program, 'schedule', 'run flows and evaluations at set times');
  addVerb(schedule, dispatch, {
    name: 'create <NAME>',
    summary: 'create a schedule: when, and which flow is run or what is evaluated',
    args: { NAME: 'name of the schedule: letters, digits, "-" and "_"' },
    options: [...timeOptions(), ...runOptions(), ...evaluationOptions(), mapModelOption(), pinOption()],
    examples: [
      `riskflow schedule create sweep --every 15m --flow triage --inputs '{"text": "hello"}'`,
      "riskflow schedule create nightly --cron '0 3 * * *' --timezone Europe/Berlin --flow triage --inputs @inputs.json --overlap buffer-one",
      "riskflow schedule create drift --cron '30 4 * * MON' --a triage:1f0c22 --b triage --samples reports@test --metric recall:scam --catchup 12h",
    ],
    notes: [
      'On one machine `riskflow start` keeps the schedules; where a Temporal server is set, Temporal does, and `riskflow worker` does the work.',
      'A cron expression has five fields (minute hour day-of-month month day-of-week) and is read on the clock of its time zone.',
      'Spans are written 90s, 15m, 1h30m, 2d. The same settings again write nothing; other settings under the same name are refused.',
    ],
    action: createSchedule,
  });
  addVerb(schedule, dispatch, {
    name: 'list',
    summary: 'list the schedules with their next times and last outcomes',
    examples: ['riskflow schedule list', 'riskflow schedule list --json'],
    action: listSchedules,
  });
  addVerb(schedule, dispatch, {
    name: 'show <NAME>',
    summary: 'print a schedule, its next times and what came of the latest ones',
    args: NAME,
    options: [option('--limit <N>', 'occurrences to print', { read: wholeNumber('--limit', { min: 1, max: 1000 }), standard: 10 })],
    examples: ['riskflow schedule show nightly', 'riskflow schedule show nightly --limit 100 --json'],
    action: showSchedule,
  });
  addVerb(schedule, dispatch, {
    name: 'pause <NAME>',
    summary: 'begin nothing until it is resumed; what has begun goes on',
    args: NAME,
    options: [option('--note <TEXT>', 'why, for others to read')],
    examples: ['riskflow schedule pause nightly --note "the endpoint is being moved"'],
    action: pauseSchedule,
  });
  addVerb(schedule, dispatch, {
    name: 'resume <NAME>',
    summary: 'go on with a paused schedule; what would have happened meanwhile does not',
    args: NAME,
    examples: ['riskflow schedule resume nightly'],
    action: resumeSchedule,
  });
  addVerb(schedule, dispatch, {
    name: 'trigger <NAME>',
    summary: 'ask for an occurrence now, also of a paused schedule',
    args: NAME,
    examples: ['riskflow schedule trigger nightly'],
    action: triggerSchedule,
  });
  addVerb(schedule, dispatch, {
    name: 'delete <NAME>',
    summary: 'delete a schedule; its runs and evaluations stay, and what has begun goes on',
    args: NAME,
    examples: ['riskflow schedule delete nightly'],
    action: deleteSchedule,
  });
}

const timeOptions = (): readonly VerbOption[] => [
  option('--every <SPAN>', 'an interval, such as 15m: counted from midnight UTC of 1970-01-01'),
  option('--offset <SPAN>', 'with --every: so much after each multiple of the interval'),
  option('--cron <FIELDS>', "a cron expression, such as '0 3 * * *'"),
  option('--timezone <ZONE>', 'with --cron: the time zone, such as Europe/Berlin', { standard: SCHEDULE_DEFAULTS.timezone }),
  option('--jitter <SPAN>', 'begin up to this much later, differently each time', { standard: SCHEDULE_DEFAULTS.jitter }),
  new Option('--overlap <POLICY>', 'when the one before is not over: leave it out, let one wait, or run side by side')
    .choices(['skip', 'buffer-one', 'allow'])
    .default(SCHEDULE_DEFAULTS.overlap),
  option('--catchup <SPAN>', 'begin what nobody could begin in time up to this much later; after that it is missed', {
    standard: SCHEDULE_DEFAULTS.catchup,
  }),
  option('--until <TIME>', 'nothing after this, such as 2026-12-31 or 2026-12-31T18:00+01:00'),
  option('--paused', 'created, but paused'),
];

const runOptions = (): readonly VerbOption[] => [
  option('--flow <FLOW>', `what is run: ${FLOW}`),
  option('--inputs <JSON>', 'with --flow: the inputs as a JSON object, or @FILE with one in it'),
  option('--query <TEXT>', 'with --flow: what the user says to a chat flow (sys.query)'),
  option(
    '--window <SOURCE:SPAN>',
    'with --flow: its input window is what is known of the last SPAN of a source (docs/trends.md), such as reports:15m',
  ),
];

/** As `eval run` has them. */
const evaluationOptions = (): readonly VerbOption[] => [
  option('--a <FLOW>', `instead of --flow, an evaluation; its baseline: ${FLOW}`),
  option('--b <FLOW>', 'with --a: what is compared with it'),
  option('--variant <NAME=FLOW>', 'with --a: a further variant; may be repeated', { read: variants, repeatable: true }),
  option('--samples <SET>', 'with --a: NAME[:VERSION][@SPLIT] of a sample set'),
  option('--positive <LABEL>', 'with --a: the label that is shown first'),
  concurrencyOption('with --a: calls in flight at a time', SHOWN_DEFAULTS.concurrency),
  option('--repeats <N>', 'with --a: how often each sample is evaluated', {
    read: wholeNumber('--repeats', { min: 1, max: 1000 }),
    standard: SHOWN_DEFAULTS.repeats,
  }),
  option('--metric <M>', 'with --a: accuracy, macro-f1, recall:LABEL, precision:LABEL or f1:LABEL', { standard: SHOWN_DEFAULTS.metric }),
  option('--margin <X>', 'with --a: PASS when the variant is worse by less than this', {
    read: decimalNumber('--margin', { min: 0, max: 1 }),
    standard: SHOWN_DEFAULTS.margin,
  }),
  option('--max-errors <X>', 'with --a: share of results with errors above which the verdict is UNDECIDED', {
    read: decimalNumber('--max-errors', { min: 0, max: 1 }),
    standard: SHOWN_DEFAULTS.maxErrors,
  }),
  seedOption('with --a: decides the order of the samples', SHOWN_DEFAULTS.seed),
  option('--predict <OUTPUT>', 'with --a: the output that is the prediction (default: the only one, or "label")'),
  mapOption(),
  option('--no-reuse', 'with --a: call again for questions that were asked before in the same evaluation'),
];
