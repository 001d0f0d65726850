import type { Command } from 'commander';
import type { FromStreamRequest } from '../../runtime/index.ts';
import { RiskflowError } from '../../schemas/core.ts';
import { addVerb, option, type Dispatch } from '../declare.ts';
import { decimalNumber, wholeNumber } from '../options/numbers.ts';
import { rangeOf, rangeOptions, type RangeOptions } from '../options/record-range.ts';
import { seedOption } from '../options/shared.ts';
import { labelCounts } from '../output/label-counts.ts';
import { withApp, type Session } from '../session.ts';

const DEFAULT_SEED = 1;

export function addSampleFromStream(sample: Command, dispatch: Dispatch): void {
  addVerb(sample, dispatch, {
    name: 'from-stream <SOURCE>',
    summary: 'make records of a source the new version of a sample set',
    args: { SOURCE: 'name of the source' },
    needed: [option('--name <SET>', 'name of the sample set')],
    options: [
      option('--disagreements', 'only records about which a shadow or a backtest does not say what was decided'),
      option('--mode <MODE>', 'with --disagreements: of the shadow (default) or of a backtest').choices(['shadow', 'backtest']),
      option('--replay <N>', 'with --mode backtest: of backtest N (default: any)', {
        read: wholeNumber('--replay', { min: 1, max: 1_000_000_000 }),
      }),
      ...rangeOptions(),
      option('--label <FIELD>', 'field or path of the records that is their label (default: they have none)'),
      option('--label-from <WHAT>', 'live: the label that was decided').choices(['live']),
      option('--sampling <RATE>', 'the share of the records that is taken, always the same ones for a seed', {
        read: decimalNumber('--sampling', { min: 0, max: 1 }),
      }),
      seedOption('decides which records --sampling takes', DEFAULT_SEED),
    ],
    examples: [
      'riskflow sample from-stream reports --name doubtful --disagreements --limit 500',
      'riskflow sample from-stream reports --name november --from 2026-11-01 --to 2026-11-30 --sampling 0.01 --seed 7 --label verdict',
      'riskflow sample from-stream reports --name changed --disagreements --mode backtest --replay 3 --label-from live --json',
    ],
    notes: [
      'A sample has the fields of its record, the key as its id, and the subject as its cluster. Samples without a label are given one with',
      'riskflow sample label; before, they cannot be evaluated on. The same content as the latest version writes nothing.',
    ],
    action: fromStream,
  });
}

type FromStreamOptions = RangeOptions & {
  readonly name: string;
  readonly disagreements?: boolean;
  readonly mode?: 'shadow' | 'backtest';
  readonly replay?: number;
  readonly label?: string;
  readonly labelFrom?: 'live';
  readonly sampling?: number;
  readonly seed?: number;
};

function requestOf(sourceId: string, options: FromStreamOptions): FromStreamRequest {
  const { name, disagreements = false, mode, replay, label, labelFrom, sampling, seed = DEFAULT_SEED } = options;
  if (label !== undefined && labelFrom !== undefined)
    throw new RiskflowError('usage', 'sample from-stream: --label and --label-from do not go together');
  if (!disagreements && (mode !== undefined || replay !== undefined))
    throw new RiskflowError('usage', 'sample from-stream: --mode and --replay say of what the --disagreements are', {
      hint: 'add --disagreements',
    });
  if (replay !== undefined && mode !== 'backtest')
    throw new RiskflowError('usage', 'sample from-stream: --replay names a backtest', { hint: 'add --mode backtest' });
  const { limit, ...range } = rangeOf(options);
  return {
    sourceId,
    set: name,
    range,
    ...(limit === undefined ? {} : { limit }),
    ...(disagreements ? { disagreements: { mode: mode ?? 'shadow', ...(replay === undefined ? {} : { replay }) } } : {}),
    ...(label !== undefined ? { label: { field: label } } : labelFrom === undefined ? {} : { label: labelFrom }),
    ...(sampling === undefined ? {} : { sampling: { rate: sampling, seed } }),
  };
}

async function fromStream(session: Session, command: Command): Promise<number> {
  const [sourceId = ''] = command.args;
  const request = requestOf(sourceId, command.opts<FromStreamOptions>());
  return withApp(session, async ({ runtime, context }) => {
    const made = await runtime.sampleFromStream(context, { ...request, onProgress: session.onProgress });
    if (session.json) {
      session.printJson(made);
      return 0;
    }
    const { sampleSet, version, isNew, rows, labels, unlabelled, duplicates, left } = made;
    const counts = [labelCounts(labels), ...(unlabelled === 0 ? [] : [`${unlabelled} without a label`])].filter((text) => text !== '');
    session.print(
      `${sampleSet} version ${version.slice(0, 12)} ${isNew ? 'is made' : 'was there already'}: ${rows} samples, ${counts.join(', ')}`,
    );
    if (made.missing !== null) session.warn(made.missing);
    if (duplicates > 0) session.print(`${duplicates} have the text of an earlier one`);
    if (left > 0) session.notice(`${left} records were left out: they have the key of an earlier one, or no field`);
    if (unlabelled > 0) session.notice(`label them with: riskflow sample label ${sampleSet} --file LABELS.csv`);
    return 0;
  });
}
