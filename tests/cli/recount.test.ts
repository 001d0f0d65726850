import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { EvaluationSummary } from '../../schemas/index.ts';
import { hasShared, needsShared } from '../shared-data.ts';
import { evaluated, linesOf, resultsOf } from './recount-commands.ts';
import { csvRows, inPercent, metricRows, metricsOf, numbersIn, pairsOf, tableOf } from './recount-reading.ts';
import { disagreements, recount, type Row } from './recount.ts';
import { newFolder, project, riskflow, riskflowJson, type Start } from './riskflow.ts';

type Split = { readonly version: string; readonly rows: number };
type Model = {
  readonly model: string;
  readonly artifact: string;
  readonly setVersion: string;
  readonly split: string;
  readonly rows: number;
};

type Study = {
  readonly name: string;
  readonly file: string;
  readonly cluster: string | null;
  readonly importing: readonly string[];
  readonly splitting: readonly string[];
  readonly evaluating: readonly string[];
  /** The classifier of B, SET@tune; the samples are SET@test. */
  readonly model: string;
  readonly positive: string;
  /** Where training and evaluation are done a second time: beside the first, all from nothing, or (when another study does it) not at all. */
  readonly again: 'same folder' | 'new folder' | null;
};

const reports = (cluster: string | null): Study => ({
  name: `the reports of examples/report-triage${cluster === null ? ', each by itself' : ' in clusters'}`,
  file: 'examples/report-triage/reports.csv',
  cluster,
  importing: [
    'reports',
    'examples/report-triage/reports.csv',
    ...['--id', 'id', '--label', 'label'],
    ...(cluster === null ? [] : ['--cluster', cluster]),
  ],
  splitting: ['reports', '--tune', '0.5', '--test', '0.5', '--seed', '7'],
  evaluating: [
    ...['--a', 'examples/report-triage/triage-rules.yml', '--b', 'examples/report-triage/triage-cascade.yml'],
    ...['--samples', 'reports@test', '--positive', 'spam'],
  ],
  model: 'reports@tune',
  positive: 'spam',
  again: cluster === null ? null : 'new folder',
});

/** The commands of the example's README on the public data set. */
const sms: Study = {
  name: `the SMS collection${needsShared}`,
  file: '../shared/data/sms_spam.csv',
  cluster: null,
  importing: ['sms', '../shared/data/sms_spam.csv', '--id', 'id', '--label', 'label', '--text', 'text'],
  splitting: ['sms', '--tune', '0.3', '--test', '0.7', '--seed', '7'],
  evaluating: [
    ...['--a', 'examples/sms/rules.yml', '--b', 'examples/sms/cascade.yml', '--samples', 'sms@test'],
    ...['--positive', 'spam', '--concurrency', '16'],
  ],
  model: 'sms@tune',
  positive: 'spam',
  again: 'same folder',
};

async function prepared(study: Study): Promise<{ readonly start: Start; readonly splits: Readonly<Record<string, Split>> }> {
  const start = { data: join(newFolder(), 'data') };
  await riskflowJson(['sample', 'import', ...study.importing], start);
  return { start, ...(await riskflowJson<{ splits: Record<string, Split> }>(['sample', 'split', ...study.splitting], start)) };
}

async function carriedOut(study: Study) {
  const { start, splits } = await prepared(study);
  const report = join(newFolder(), 'report.html');
  const { summary, code } = await evaluated([...study.evaluating, '--report', report], start);
  const idsOf = async (part: string): Promise<readonly string[]> => {
    const { out } = await riskflow(['sample', 'export', study.model.replace('@tune', `@${part}`)], start);
    return linesOf<{ readonly id: string }>(out).map(({ id }) => id);
  };
  const rows = await resultsOf(summary.id, start);
  return {
    start,
    splits,
    report,
    summary,
    code,
    rows,
    counted: recount(rows, summary),
    html: readFileSync(report, 'utf8'),
    samples: new Map(csvRows(readFileSync(join(project, study.file), 'utf8')).map((row) => [row['id'] ?? '', row])),
    ids: { tune: await idsOf('tune'), test: await idsOf('test') },
  };
}

/** What a second evaluation may not change: everything but its id, its times and its report. */
function lasting({ id, report, variants, ...rest }: EvaluationSummary): unknown {
  expect([id, report]).not.toContain('');
  return { ...rest, variants: Object.entries(variants).map(([name, { elapsedMs, ...variant }]) => [name, variant, elapsedMs.measured]) };
}

for (const study of [sms, reports('campaign'), reports(null)]) {
  describe.skipIf(study === sms && !hasShared)(`an evaluation of ${study.name}`, () => {
    let done: Awaited<ReturnType<typeof carriedOut>>;
    beforeAll(async () => {
      done = await carriedOut(study);
    });

    it('has the figures that the exported rows give when they are counted again', async () => {
      expect(disagreements(done.counted, done.summary)).toEqual([]);
      expect(disagreements(done.counted, { ...done.summary, difference: done.summary.differences['B'] })).toEqual([]);
      expect(done.counted.difference.test).toBe(study.cluster === null ? 'newcombe-paired' : 'cr1-clustered');
      expect(done.code).toBe({ PASS: 0, FAIL: 3, UNDECIDED: 4 }[done.counted.verdict]);
      const shown = await riskflowJson<EvaluationSummary>(['eval', 'show', done.summary.id], done.start);
      expect(shown).toEqual({ ...done.summary, report: null });
      expect(done.summary.report).toBe(done.report);
    });

    it('lists flips that are flips, and counts those it leaves out', () => {
      const { samples, gained, lost, leftOut } = done.summary.flips;
      expect(samples.length + leftOut).toBe(gained + lost);
      const rowOf = new Map(done.rows.map((row) => [`${row.variant} ${row.sampleId}`, row]));
      const wrong = samples.filter(({ sampleId, kind, label, baselinePrediction, prediction }) => {
        const [a, b] = [rowOf.get(`A ${sampleId}`), rowOf.get(`B ${sampleId}`)];
        const isSo = a?.prediction === baselinePrediction && b?.prediction === prediction && a?.label === label;
        return !isSo || (kind === 'gained') !== (prediction === label) || (kind === 'lost') !== (baselinePrediction === label);
      });
      expect(wrong).toEqual([]);
      expect(new Set(samples.map(({ sampleId }) => sampleId)).size).toBe(samples.length);
    });

    it('has each sample of the test split once per variant, with the label of the file, and none of the tune split', () => {
      const expected = done.ids.test.flatMap((id) => [`${id} A`, `${id} B`]).sort();
      expect(done.rows.map(({ sampleId, variant }) => `${sampleId} ${variant}`).sort()).toEqual(expected);
      const tune = new Set(done.ids.tune);
      expect(done.rows.filter(({ sampleId }) => tune.has(sampleId))).toEqual([]);
      expect([...done.ids.tune, ...done.ids.test].sort()).toEqual([...done.samples.keys()].sort());
      expect(done.rows.filter(({ sampleId, label }) => done.samples.get(sampleId)?.['label'] !== label)).toEqual([]);
      expect(done.rows.filter(({ label, prediction, correct, error }) => correct !== (error === null && prediction === label))).toEqual([]);
    });

    it('asked a classifier that was trained on the tune split only, which shares no text and no cluster with the test split', async () => {
      const { models } = await riskflowJson<{ models: readonly Model[] }>(['model', 'list'], done.start);
      const { tune, test } = done.splits;
      expect(models).toMatchObject([{ model: study.model, split: 'tune', setVersion: tune?.version, rows: done.ids.tune.length }]);
      expect([tune?.rows, test?.rows]).toEqual([done.ids.tune.length, done.ids.test.length]);
      expect(done.summary.variants['B']?.artifacts).toEqual({ [study.model]: models[0]?.artifact });
      expect(done.summary.variants['A']?.artifacts).toEqual({});
      expect(done.summary.sampleSetVersion).toBe(test?.version);
      for (const column of study.cluster === null ? ['text'] : ['text', study.cluster]) {
        const onTune = new Set(done.ids.tune.map((id) => done.samples.get(id)?.[column]));
        expect(done.ids.test.filter((id) => onTune.has(done.samples.get(id)?.[column]))).toEqual([]);
      }
    });

    it('shows the recounted figures in the report', () => {
      const { counted, html } = done;
      expect(metricsOf(html)).toEqual(metricRows(counted));
      for (const name of ['A', 'B'] as const) {
        const [heads = [], ...body] = tableOf(html, `Confusion matrix of ${name}`);
        const cells = body.flatMap(([label = '', ...row]) =>
          row.map((cell, i) => [`${label} → ${heads[i + 1]}`, numbersIn(cell)[0]] as const),
        );
        const rows = Object.entries(counted.variants[name].confusion);
        expect(new Map(cells)).toEqual(
          new Map(rows.flatMap(([label, row]) => Object.entries(row).map(([said, n]) => [`${label} → ${said}`, n]))),
        );
      }
      const { estimate, low, high } = counted.difference;
      const verdict = pairsOf(html, 'Verdict');
      expect(numbersIn(verdict.get('B − A, points') ?? '')).toEqual([estimate, low, high].map(inPercent));
      expect(numbersIn(verdict.get('gained / lost') ?? '')).toEqual([counted.flips.gained, counted.flips.lost]);
      expect(html).toContain(`<title>${counted.verdict}: `);
    });

    it(`names ${study.positive} first in the summary, the report and the table, and says on what and how it was counted`, async () => {
      const labels = [
        study.positive,
        ...Object.keys(done.counted.labels)
          .filter((label) => label !== study.positive)
          .sort(),
      ];
      const orders = Object.values(done.summary.variants).flatMap(({ classes, confusion }) => [
        Object.keys(classes),
        Object.keys(confusion),
      ]);
      for (const order of [Object.keys(done.summary.labels), ...orders]) expect(order).toEqual(labels);
      const groups = tableOf(done.html, 'Metrics').filter((row) => row.length === 1);
      expect(groups.map(([title]) => title?.split(' | ')[0])).toEqual(labels);
      expect(tableOf(done.html, 'Confusion matrix of B')[0]).toEqual(['label', ...labels]);
      const { out } = await riskflow(['eval', 'show', done.summary.id], done.start);
      const classes = [...out.matchAll(/^(\S+) precision /gm)].map(([, label]) => label);
      expect(classes).toEqual(labels);
      expect(out).toMatch(new RegExp(`^A said → +${labels.join(' +')}( |$)`, 'm'));

      const [sampleSet, method] = [pairsOf(done.html, 'samples'), pairsOf(done.html, 'method')];
      expect(sampleSet.get('set')).toBe(study.model.replace('@tune', '@test'));
      expect(sampleSet.get('version')).toMatch(/^[0-9a-f]{16}$/);
      expect(done.splits['test']?.version.startsWith(sampleSet.get('version') ?? '-')).toBe(true);
      expect(method.get('interval')).toMatch(study.cluster === null ? /Newcombe 1998, method 10/ : /cluster-robust \(CR1\), Student/);
      expect(method.get('other intervals')).toMatch(study.cluster === null ? /^Wilson;/ : /^Wilson with the effective number/);
      expect(method.get('p-value')).toMatch(study.cluster === null ? /exact McNemar, two-sided/ : /^none: results are not independent/);
      expect(method.get('recount')).toContain(`eval show ${done.summary.id} --results --json`);
    });

    if (study.again === null) return;
    it('asked a classifier that can be trained where nothing but the tune split is, and that is not judged on it', async () => {
      const alone = { data: join(newFolder(), 'data') };
      const file = join(newFolder(), 'tune.jsonl');
      await riskflowJson(['sample', 'export', study.model, '--out', file], done.start);
      const [set = ''] = study.model.split('@');
      const clusters = study.cluster === null ? [] : ['--cluster', study.cluster];
      await riskflowJson(['sample', 'import', set, file, '--id', 'id', '--label', 'label', ...clusters], alone);
      await riskflowJson(['sample', 'split', set, '--tune', '1', '--seed', '7'], alone);
      const trained = await riskflowJson<Model>(['model', 'train', study.model], alone);
      expect(done.summary.variants['B']?.artifacts).toEqual({ [study.model]: trained.artifact });

      const onTune = study.evaluating.map((arg) => arg.replace('@test', '@tune'));
      const { code, err } = await riskflow(['eval', 'run', ...onTune], done.start);
      expect([code, err]).toEqual([2, expect.stringMatching(/samples of \S+@tune were in the training set of model/)]);
    });

    it(`gives the same a second time (${study.again})`, async () => {
      const start = study.again === 'same folder' ? done.start : (await prepared(study)).start;
      const { summary } = await evaluated(study.evaluating, start);
      expect(summary.id).not.toBe(done.summary.id);
      expect(lasting(summary)).toEqual(lasting(done.summary));
      const said = (rows: readonly Row[]): readonly string[] =>
        rows.map((row) => `${row.sampleId} ${row.variant} ${row.prediction}`).sort();
      expect(said(await resultsOf(summary.id, start))).toEqual(said(done.rows));
    });

    if (study !== sms) return;
    it('is PASS, with B right on at least 97 %', () => {
      expect(done.counted.verdict).toBe('PASS');
      expect(done.counted.variants.B.accuracy).toBeGreaterThanOrEqual(0.97);
      expect(done.counted.variants.B.errors + done.counted.variants.A.errors).toBe(0);
    });
  });
}
