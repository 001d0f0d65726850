import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { App } from '../../open-app.ts';
import { runSource } from '../../streams/keeping/run-source.ts';
import { createFileSource, openRig, rulesFlow } from '../../streams/source-rig.ts';
import { runBacktest } from '../backtests/run-backtest.ts';
import { EVALUATION_DEFAULTS } from '../evaluations/evaluation-request.ts';
import { runEvaluation } from '../evaluations/evaluations.ts';
import { sampleFromStream, type FromStreamRequest } from './from-stream.ts';
import { labelSamples } from './label-samples.ts';
import { readLabels } from './read-labels.ts';
import { exportSamples, listSampleSets, showSampleSet, type ExportedSample } from './sample-reads.ts';

let folder: string;
let app: App;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'riskflow-from-stream-'));
  app = await openRig(join(folder, 'data'));
});
afterEach(async () => {
  await app.close();
  rmSync(folder, { recursive: true });
});

const write = (name: string, content: string): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
const RECORDS = [
  { id: 'a', message: 'an offer', user: 'u1', review: { verdict: 'spam', by: 'x' }, at: 1_760_000_000 },
  { id: 'b', message: 'hello', user: 'u1', review: { verdict: 'ham', by: 'y' }, at: 1_760_000_060 },
  { id: 'c', message: 'hello', user: 'u2', review: { by: 'z' }, at: 1_760_000_120 },
  { id: 'b', message: 'again', user: 'u3', review: {}, at: 1_760_000_180 },
];

beforeEach(async () => {
  const path = write('records.ndjson', RECORDS.map((record) => `${JSON.stringify(record)}\n`).join(''));
  const record = { inputs: { text: 'message' }, key: 'id', subject: 'user', eventTime: 'at' };
  await createFileSource(app.context, { sourceId: 's', path, flow: write('rules.yml', rulesFlow()), more: { record } });
  await runSource(app.context, 's');
});

const sample = (request: Partial<FromStreamRequest> = {}) =>
  sampleFromStream(app.context, { sourceId: 's', set: 'x', range: {}, ...request });
async function exported(address = 'x'): Promise<readonly ExportedSample[]> {
  const all: ExportedSample[] = [];
  for await (const each of exportSamples(app.context, address)) all.push(each);
  return all;
}

describe('samples from a stream', () => {
  it('have the fields of the records and the inputs of the flow, the key as id and the subject as cluster', async () => {
    expect(await sample({ label: { field: 'review.verdict' } })).toMatchObject({
      ...{ sampleSet: 'x', rows: 3, duplicates: 1, left: 1, unlabelled: 1, labels: { ham: 1, spam: 1 }, isNew: true },
    });
    expect((await exported()).map(({ id, label, cluster, fields }) => [id, label, cluster, fields.get('text')])).toEqual([
      ['a', 'spam', 'u1', 'an offer'],
      ['b', 'ham', 'u1', 'hello'],
      ['c', null, 'u2', 'hello'],
    ]);
    const [first] = await exported();
    expect([...(first?.fields.keys() ?? [])].sort()).toEqual(['at', 'id', 'message', 'review', 'text', 'user']);
    // The label never reaches a flow.
    expect(first?.fields.get('review')).toEqual(new Map([['by', 'x']]));
    expect(await showSampleSet(app.context, 'x')).toMatchObject({ texts: 2, clusters: 2 });
  });

  it.each<readonly [string, FromStreamRequest['label'], readonly string[]]>([
    ['a field', { field: 'user' }, ['at', 'id', 'message', 'review', 'text']],
    ['a path in brackets, whose whole field is left out', { field: "review['verdict']" }, ['at', 'id', 'message', 'text', 'user']],
    ['nothing', undefined, ['at', 'id', 'message', 'review', 'text', 'user']],
    ['what was decided', 'live', ['at', 'id', 'message', 'review', 'text', 'user']],
  ])('never have their label as a field: %s', async (_, label, fields) => {
    await sample({ ...(label === undefined ? {} : { label }) });
    expect([...((await exported())[0]?.fields.keys() ?? [])].sort()).toEqual(fields);
  });

  it('with the same content are the same version', async () => {
    const first = await sample({ label: 'live' });
    expect(first).toMatchObject({ labels: { ham: 2, spam: 1 }, unlabelled: 0 });
    expect(await sample({ label: 'live' })).toEqual({ ...first, isNew: false });
    expect((await listSampleSets(app.context)).length).toBe(1);
    expect((await sample()).version).not.toBe(first.version);
  });

  it.each<readonly [string, Partial<FromStreamRequest>, readonly string[]]>([
    ['a range of event time', { range: { from: 1_760_000_060_000, to: 1_760_000_180_000 } }, ['b', 'c']],
    ['arrivals', { range: { arrivals: { first: 1, last: 2 } } }, ['a', 'b']],
    ['a limit', { limit: 1 }, ['a']],
    ['a whole sample', { sampling: { rate: 1, seed: 5 } }, ['a', 'b', 'c']],
  ])('are those of %s', async (_, request, ids) => {
    await sample(request);
    expect((await exported()).map(({ id }) => id)).toEqual(ids);
  });

  it('can be those about which a backtest disagrees', async () => {
    const disagreements = { mode: 'backtest' } as const;
    await expect(sample({ disagreements })).rejects.toThrow('no record about which backtest and live disagree');
    const flow = write('other.yml', rulesFlow({ name: 'other', other: 'scam' }));
    await runBacktest(app.context, { sourceId: 's', flow, range: { limit: 2 }, pins: {}, recorded: false });
    await sample({ disagreements, label: 'live' });
    expect((await exported()).map(({ id, label }) => [id, label])).toEqual([['b', 'ham']]);
    await expect(sample({ disagreements: { ...disagreements, replay: 2 } })).rejects.toMatchObject({ code: 'not_found' });
    await expect(sample({ disagreements: { mode: 'shadow' } })).rejects.toMatchObject({ code: 'not_found' });
  });

  it('without a label are refused by an evaluation before it begins, and labelled they are judged', async () => {
    await sample();
    const flow = join(folder, 'rules.yml');
    const variants = [
      { name: 'A', flow },
      { name: 'B', flow: write('other.yml', rulesFlow({ name: 'other', other: 'scam' })) },
    ];
    const request = { ...EVALUATION_DEFAULTS, variants, samples: 'x', predict: null, positive: null, inputMap: {}, reuse: true };
    await expect(
      runEvaluation(app.context, request, { signal: new AbortController().signal, onProgress: () => undefined, report: null }),
    ).rejects.toMatchObject({
      code: 'usage',
      message: 'no sample of x has a label, so nothing can be right or wrong',
      hint: expect.stringContaining('riskflow sample label x') as string,
    });
    expect(await app.context.storage.read.evaluations('default')).toEqual([]);
    const labels = await readLabels(write('labels.csv', 'id,label\na,spam\nb,ham\nc,scam\n'));
    const labelled = await labelSamples(app.context, { address: 'x', labels });
    expect(labelled).toMatchObject({ changed: 3, unlabelled: 0, labels: { spam: 1, ham: 1, scam: 1 }, isNew: true });
    expect(await labelSamples(app.context, { address: 'x', labels })).toMatchObject({
      changed: 0,
      isNew: false,
      version: labelled.version,
    });
    const summary = await runEvaluation(app.context, request, {
      signal: new AbortController().signal,
      onProgress: () => undefined,
      report: null,
    });
    expect(summary).toMatchObject({ n: 3, variants: { A: { correct: 2 }, B: { correct: 2 } } });
  });
});

describe('labels that cannot be given', () => {
  it.each([
    ['a column that is missing', 'id,other\na,x\n', 'has no column "label"'],
    ['an empty label', 'id,label\na,\n', 'line 2: its id or label is empty'],
    ['an id twice', 'id,label\na,x\na,y\n', 'line 3: the id "a" comes twice'],
  ])('%s', async (_, content, message) => {
    await expect(readLabels(write('labels.csv', content))).rejects.toThrow(message);
  });

  it('to samples that are not there', async () => {
    await sample();
    await expect(labelSamples(app.context, { address: 'x', labels: new Map([['q', 'spam']]) })).rejects.toThrow(
      'sample set "x" has no sample q',
    );
    expect((await listSampleSets(app.context)).length).toBe(1);
  });
});
