import type { Command } from 'commander';
import { addNoun, addVerb, option, type Dispatch } from '../declare.ts';
import { pairs } from '../options/pairs.ts';
import { seedOption } from '../options/shared.ts';
import { addSampleFromStream } from './sample-from-stream.ts';
import { importSamples } from './sample-import.ts';
import { addSampleLabel } from './sample-label.ts';
import { exportSamples, listSamples, showSamples } from './sample-reads.ts';
import { DEFAULT_SPLIT_SEED, splitSamples } from './sample-split.ts';

const ADDRESS = 'NAME[:VERSION][@SPLIT], such as reports@test';

export function addSampleCommands(program: Command, dispatch: Dispatch): void {
  const sample = addNoun(program, 'sample', 'import, split, list and export labelled samples');
  addVerb(sample, dispatch, {
    name: 'import <NAME> <FILE>',
    summary: 'import labelled samples as the new version of a sample set',
    args: { NAME: 'name of the sample set', FILE: 'CSV with a header line, or JSON lines when it ends in .jsonl or .ndjson' },
    options: [
      option('--id <COLUMN>', 'column of the id (default: id, else the line number)'),
      option('--label <COLUMN>', 'column of the label', { standard: 'label' }),
      option('--text <COLUMN>', 'column of the text (default: text); it becomes the field "text"'),
      option('--cluster <COLUMN>', 'column of what samples have in common that are not independent, such as a campaign'),
      option('--field <FIELD=COLUMN>', 'import the column COLUMN as the field FIELD; may be repeated', {
        read: pairs({ option: '--field', form: 'FIELD=COLUMN' }),
        repeatable: true,
      }),
      option('--keep-valid', 'import the valid rows when others are not (default: import nothing then)'),
      option('--dedupe', 'leave out rows whose text an earlier row has'),
    ],
    examples: [
      'riskflow sample import reports reports.csv --id id --label label --text message --cluster campaign',
      'riskflow sample import reports reports.jsonl --keep-valid --json',
    ],
    notes: ['The label never reaches a flow. The same content as the latest version writes nothing.'],
    action: importSamples,
  });
  addVerb(sample, dispatch, {
    name: 'split <SET>',
    summary: 'cut a sample set into parts; equal texts and clusters stay together',
    args: { SET: 'NAME[:VERSION]' },
    options: [seedOption('decides which sample goes where', DEFAULT_SPLIT_SEED)],
    examples: [
      'riskflow sample split reports --tune 0.3 --test 0.7 --seed 7',
      'riskflow sample split reports --tune 0.5 --dev 0.2 --test 0.3 --json',
    ],
    notes: ['Every further option names a part and its share: --NAME SHARE. Shares below 1 in sum leave the rest out.'],
    action: splitSamples,
  })
    .usage('[options] <SET> --NAME SHARE...')
    .allowUnknownOption()
    .allowExcessArguments();
  addVerb(sample, dispatch, {
    name: 'list',
    summary: 'list the sample sets, their versions and splits',
    examples: ['riskflow sample list', 'riskflow sample list --json'],
    action: listSamples,
  });
  addVerb(sample, dispatch, {
    name: 'show <SET>',
    summary: 'show what a sample set holds',
    args: { SET: ADDRESS },
    examples: ['riskflow sample show reports', 'riskflow sample show reports@test --json'],
    action: showSamples,
  });
  addVerb(sample, dispatch, {
    name: 'export <SET>',
    summary: 'print the samples of a set, one JSON object per line',
    args: { SET: ADDRESS },
    options: [option('--out <FILE>', 'write them to a file (default: standard output)')],
    examples: ['riskflow sample export reports@test > test.jsonl', 'riskflow sample export reports --out reports.jsonl'],
    notes: ['What it prints can be imported again: riskflow sample import NAME FILE.jsonl --id id --label label'],
    action: exportSamples,
  });
  addSampleLabel(sample, dispatch);
  addSampleFromStream(sample, dispatch);
}
