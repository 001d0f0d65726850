import type { Command } from 'commander';
import { RiskflowError } from '../../schemas/core.ts';
import type { TrainedModel } from '../../runtime/index.ts';
import { addNoun, addVerb, option, type Dispatch } from '../declare.ts';
import { seedOption } from '../options/shared.ts';
import { renderTable } from '../output/table.ts';
import { withApp, type Session, type Work } from '../session.ts';

const DEFAULT_SEED = 1;

export function addModelCommands(program: Command, dispatch: Dispatch): void {
  const model = addNoun(program, 'model', 'train and list text classifiers');
  addVerb(model, dispatch, {
    name: 'train <SPLIT>',
    summary: 'train the classifier that flows name SET@SPLIT (provider riskflow/classifier)',
    args: { SPLIT: 'SET@SPLIT: the samples to learn from' },
    options: [
      option('--test <SET>', 'also judge it on these samples (default: SET@test where there is one)'),
      seedOption('decides the folds of the cross-validation', DEFAULT_SEED),
    ],
    examples: ['riskflow model train reports@tune', 'riskflow model train reports@tune --test reports@dev --json'],
    notes: [
      'Calibration error is the mean distance between confidence and accuracy over 10 bins; 0 is perfect.',
      'The same samples and seed give the same model: training again writes nothing.',
    ],
    action: train,
  });
  addVerb(model, dispatch, {
    name: 'list',
    summary: 'list the trained classifiers',
    examples: ['riskflow model list', 'riskflow model list --json'],
    action: list,
  });
}

async function train(session: Session, command: Command): Promise<number> {
  const [address = ''] = command.args;
  const { test, seed = DEFAULT_SEED } = command.opts<{ test?: string; seed?: number }>();
  if (test === address) {
    throw new RiskflowError('usage', `--test ${test} names the samples that the model learns from`, {
      hint: 'judge it on samples it has not seen, such as SET@test',
    });
  }
  return withApp(session, async (work) => {
    const judgedOn = test ?? (await testSplitOf(work, address));
    const { onProgress } = session;
    const trained = await work.runtime.trainModel(work.context, {
      address,
      seed,
      onProgress,
      ...(judgedOn === undefined ? {} : { test: judgedOn }),
    });
    if (session.json) session.printJson(trained);
    else printTrained(session, trained);
    return 0;
  });
}

/** SET@test, when the set has it and it is not what the model is trained on. */
async function testSplitOf({ runtime, context }: Work, address: string): Promise<string | undefined> {
  const set = address.split('@')[0] ?? '';
  const candidate = `${set}@test`;
  if (candidate === address || !address.includes('@')) return undefined;
  const name = set.split(':')[0];
  const versions = (await runtime.listSampleSets(context)).filter((row) => row.set === name);
  const latest = versions.findLast((row) => row.split === null)?.version;
  const wanted = set.includes(':') ? set.slice(set.indexOf(':') + 1) : (latest ?? '');
  return versions.some((row) => row.split === 'test' && row.parent?.startsWith(wanted) === true) ? candidate : undefined;
}

function printTrained(session: Session, { model, artifact, setVersion, rows, crossValidated, test, isNew }: TrainedModel): void {
  session.print(
    `${model} ${isNew ? 'is trained' : 'was trained before'} on ${rows} samples (version ${setVersion.slice(0, 12)}), artifact ${artifact.slice(0, 12)}`,
  );
  printMetrics(session, `${model}, cross-validated in ${crossValidated.folds} parts`, crossValidated);
  if (test !== null) printMetrics(session, test.address, test);
}

type Metrics = Pick<TrainedModel['crossValidated'], 'accuracy' | 'ece' | 'confusion' | 'n'>;

function printMetrics(session: Session, title: string, { accuracy, ece, confusion, n }: Metrics): void {
  session.print(`\n${session.style.bold(title)}: accuracy ${(accuracy * 100).toFixed(1)} % of ${n}, calibration error ${ece.toFixed(3)}`);
  const labels = Object.keys(confusion);
  const rows = labels.map((label) => [label, ...labels.map((said) => confusion[label]?.[said] ?? 0)]);
  session.print(
    renderTable([{ title: 'label \\ said', atMost: 24 }, ...labels.map((title) => ({ title, align: 'right', atMost: 24 }) as const)], rows),
  );
}

async function list(session: Session): Promise<number> {
  return withApp(session, async ({ runtime, context }) => {
    const models = (await runtime.listModels(context)).map(({ model, artifact, set, setVersion, split, rows, metrics }) => ({
      model,
      artifact,
      sampleSet: set,
      setVersion,
      split,
      rows,
      metrics,
    }));
    if (session.json) session.printJson({ models });
    else if (models.length === 0) session.notice('no classifier is trained yet: riskflow model train SET@SPLIT');
    else {
      const rows = models.map((row) => [row.model, row.artifact.slice(0, 12), row.setVersion.slice(0, 12), row.rows]);
      session.print(
        renderTable([{ title: 'model' }, { title: 'artifact' }, { title: 'sample version' }, { title: 'samples', align: 'right' }], rows),
      );
    }
    return 0;
  });
}
