import { resolve } from 'node:path';
import type { Command } from 'commander';
import { RiskflowError } from '../../schemas/core.ts';
import { addVerb, option, type Dispatch } from '../declare.ts';
import { labelCounts } from '../output/label-counts.ts';
import { withApp, type Session } from '../session.ts';

export function addSampleLabel(sample: Command, dispatch: Dispatch): void {
  addVerb(sample, dispatch, {
    name: 'label <SET>',
    summary: 'give samples labels, which makes a new version of their set',
    args: { SET: 'NAME[:VERSION]' },
    options: [
      option('--id <ID>', 'of this sample; may be repeated', {
        read: (id: string, before: readonly string[] | undefined) => [...(before ?? []), id],
        repeatable: true,
      }),
      option('--label <LABEL>', 'the label of the samples that --id names'),
      option('--file <LABELS.csv>', 'a CSV file with the columns id and label'),
    ],
    examples: [
      'riskflow sample label doubtful --id r-17 --id r-40 --label scam',
      'riskflow sample label doubtful --file labels.csv --json',
    ],
    notes: ['Samples that are not named keep their labels. Splits belong to the version they were cut from: split again.'],
    action: label,
  });
}

type LabelOptions = { readonly id?: readonly string[]; readonly label?: string; readonly file?: string };

async function label(session: Session, command: Command): Promise<number> {
  const [address = ''] = command.args;
  const { id: ids = [], label: text, file } = command.opts<LabelOptions>();
  const byHand = ids.length > 0 && text !== undefined && text.trim() !== '';
  if (byHand === (file !== undefined) || (!byHand && (ids.length > 0 || text !== undefined)))
    throw new RiskflowError('usage', 'sample label: name samples with --id and their --label, or a --file with both', {
      hint: 'for example: riskflow sample label doubtful --id r-17 --label scam',
    });
  return withApp(session, async ({ runtime, context }) => {
    const labels =
      file === undefined
        ? new Map(ids.map((id) => [id, (text ?? '').trim()]))
        : await runtime.readLabels(resolve(session.terminal.folder, file));
    const done = await runtime.labelSamples(context, { address, labels });
    if (session.json) session.printJson(done);
    else {
      const { sampleSet, version, changed, unlabelled, labels: counts } = done;
      session.print(
        `${sampleSet} version ${version.slice(0, 12)}: ${changed} labels are others now; ${labelCounts(counts)}${unlabelled === 0 ? '' : `, ${unlabelled} without a label`}`,
      );
    }
    return 0;
  });
}
