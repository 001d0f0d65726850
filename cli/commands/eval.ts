import type { Command } from 'commander';
import { addNoun, addVerb, option, type Dispatch } from '../declare.ts';
import { decimalNumber, wholeNumber } from '../options/numbers.ts';
import { concurrencyOption, mapModelOption, mapOption, onOption, pinOption, reportOption, seedOption } from '../options/shared.ts';
import { variants } from '../options/variants.ts';
import { listEvaluations, showEvaluation, writeReport } from './eval-reads.ts';
import { resumeEvaluation, runEvaluation } from './eval-run.ts';
import { cancelEvaluation, pauseEvaluation } from './eval-wish.ts';
import { WISH_EXITS } from './tell-wish.ts';

/** As `EVALUATION_DEFAULTS` of the program, which help must not have to load; a test holds them together. */
export const SHOWN_DEFAULTS = { concurrency: 8, repeats: 1, metric: 'accuracy', margin: 0.01, maxErrors: 0.01, seed: 1 } as const;

const VERDICTS = 'Exit code: 0 for PASS, 3 for FAIL, 4 for UNDECIDED, 1 when the evaluation did not finish, 2 for wrong use.';
const FLOW = 'a Dify DSL file, or FLOW[:VERSION] of a published flow';

export function addEvalCommands(program: Command, dispatch: Dispatch): void {
  const evaluation = addNoun(program, 'eval', 'evaluate versions of a flow on labelled samples');
  addVerb(evaluation, dispatch, {
    name: 'run',
    summary: 'run two or more flows over the same samples and say whether the change is better',
    needed: [
      option('--a <FLOW>', `the baseline: ${FLOW}`),
      option('--b <FLOW>', 'what is compared with it'),
      option('--samples <SET>', 'NAME[:VERSION][@SPLIT] of a sample set'),
    ],
    options: [
      option('--variant <NAME=FLOW>', 'a further variant; may be repeated', { read: variants, repeatable: true }),
      option('--positive <LABEL>', 'the label that is shown first'),
      concurrencyOption('calls in flight at a time', SHOWN_DEFAULTS.concurrency),
      option('--repeats <N>', 'how often each sample is evaluated', {
        read: wholeNumber('--repeats', { min: 1, max: 1000 }),
        standard: SHOWN_DEFAULTS.repeats,
      }),
      option('--metric <M>', 'accuracy, macro-f1, recall:LABEL, precision:LABEL or f1:LABEL', { standard: SHOWN_DEFAULTS.metric }),
      option('--margin <X>', 'PASS when the variant is worse by less than this', {
        read: decimalNumber('--margin', { min: 0, max: 1 }),
        standard: SHOWN_DEFAULTS.margin,
      }),
      option('--max-errors <X>', 'share of results with errors above which the verdict is UNDECIDED', {
        read: decimalNumber('--max-errors', { min: 0, max: 1 }),
        standard: SHOWN_DEFAULTS.maxErrors,
      }),
      seedOption('decides the order of the samples', SHOWN_DEFAULTS.seed),
      option('--predict <OUTPUT>', 'the output that is the prediction (default: the only one, or "label")'),
      mapOption(),
      mapModelOption(),
      pinOption(),
      option('--no-reuse', 'call again for questions that were asked before in this evaluation'),
      onOption('where it runs: here, or temporal, where all workers share it', 'here'),
      reportOption(),
    ],
    examples: [
      'riskflow eval run --a rules.yml --b cascade.yml --samples reports@test --positive scam --report report.html',
      'riskflow eval run --a triage:1f0c22 --b triage --samples reports@test --metric recall:scam --margin 0.02 --json',
      'riskflow eval run --a old.yml --b new.yml --samples reports@test --concurrency 32 --map text=message',
      'riskflow eval run --a old.yml --b new.yml --samples reports@test --on temporal',
    ],
    notes: [
      VERDICTS,
      'On Temporal it goes on when this command ends: Ctrl-C only leaves it (eval resume follows it again, eval cancel ends it). When somebody',
      'pauses or cancels it, the command says so and ends with exit code 1.',
    ],
    action: runEvaluation,
  });
  addVerb(evaluation, dispatch, {
    name: 'resume <ID>',
    summary: 'go on with an evaluation that was interrupted or paused, or follow one on Temporal',
    args: { ID: 'id of the evaluation; `eval list` prints them' },
    options: [
      concurrencyOption('calls in flight at a time (default: as it was begun)'),
      onOption('where it goes on: here, or temporal (default: where it was last)'),
      reportOption(),
    ],
    examples: ['riskflow eval resume e-0b5c1d2e-4f6a', 'riskflow eval resume e-0b5c1d2e-4f6a --concurrency 32 --json'],
    notes: ['What was answered before is not asked again. A finished evaluation is only printed again.', VERDICTS],
    action: resumeEvaluation,
  });
  addVerb(evaluation, dispatch, {
    name: 'pause <ID>',
    summary: 'leave an evaluation as it is, to go on later',
    args: { ID: 'id of the evaluation; `eval list` prints them' },
    examples: ['riskflow eval pause e-0b5c1d2e-4f6a'],
    notes: [
      'Calls in flight are broken off within two seconds and made again by eval resume. What is done is stored.',
      'Commands that follow it, on Temporal too, say so and end with exit code 1.',
      WISH_EXITS,
    ],
    action: pauseEvaluation,
  });
  addVerb(evaluation, dispatch, {
    name: 'cancel <ID>',
    summary: 'end an evaluation for good, without a verdict',
    args: { ID: 'id of the evaluation; `eval list` prints them' },
    options: [option('--reason <TEXT>', 'why, for those who look at it later')],
    examples: ['riskflow eval cancel e-0b5c1d2e-4f6a --reason "wrong set"'],
    notes: ['Runs under way are stopped within two seconds. Its results so far can still be shown.', WISH_EXITS],
    action: cancelEvaluation,
  });
  addVerb(evaluation, dispatch, {
    name: 'list',
    summary: 'list evaluations, the newest first',
    examples: ['riskflow eval list', 'riskflow eval list --json'],
    action: listEvaluations,
  });
  addVerb(evaluation, dispatch, {
    name: 'show <ID>',
    summary: 'print an evaluation as it stands, or its results',
    args: { ID: 'id of the evaluation; `eval list` prints them' },
    options: [option('--results', 'print every result, one JSON document per line')],
    examples: ['riskflow eval show e-0b5c1d2e-4f6a', 'riskflow eval show e-0b5c1d2e-4f6a --results --json > results.jsonl'],
    action: showEvaluation,
  });
  addVerb(evaluation, dispatch, {
    name: 'report <ID>',
    summary: 'write the report of an evaluation as one HTML page',
    args: { ID: 'id of the evaluation; `eval list` prints them' },
    needed: [reportOption()],
    examples: ['riskflow eval report e-0b5c1d2e-4f6a --report report.html'],
    action: writeReport,
  });
}
