import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EvaluationOptions, Json } from '../../schemas/core.ts';
import { addResult, openResultTable, summarize, summarizeTable, type EvaluationResult } from '../core.ts';
import { seededRandom, shuffled } from '../random/seeded-random.ts';
import { newcombePaired } from '../statistics/newcombe.ts';
import { pairedRows, result, startedWith } from './test-evaluation.ts';

const run = (data: ReturnType<typeof pairedRows>, options: Partial<EvaluationOptions> = {}, variants?: readonly string[]) =>
  summarize(startedWith(options, variants), data.rows, { order: data.order, status: 'judged', report: null });

/** 500 samples: A 88 % right, B 96 %, 50 gained, 10 lost. */
const better = pairedRows([
  ['spam', 'spam', 'spam', 130],
  ['spam', 'ham', 'spam', 40],
  ['spam', 'spam', 'ham', 6],
  ['ham', 'ham', 'ham', 300],
  ['ham', 'spam', 'ham', 10],
  ['ham', 'ham', 'spam', 4],
  ['ham', 'spam', 'spam', 10],
]);

describe('summarize', () => {
  it('counts what eval run prints', () => {
    const summary = run(better, { positive: 'spam' });
    expect(summary).toMatchObject({
      id: 'ev-1',
      status: 'judged',
      sampleSet: 'sms@test',
      n: 500,
      planned: 500,
      verdict: 'PASS',
      report: null,
    });
    const { A, B } = summary.variants;
    expect(A).toMatchObject({ flowVersion: 'A'.repeat(64), correct: 440, n: 500, errors: 0, accuracy: 0.88, calls: 500, reused: 0 });
    expect(A?.confusion).toEqual({ spam: { spam: 136, ham: 40 }, ham: { spam: 20, ham: 304 } });
    expect(B?.confusion).toEqual({ spam: { spam: 170, ham: 6 }, ham: { spam: 14, ham: 310 } });
    expect(B?.classes['spam']).toMatchObject({ precision: 170 / 184, recall: 170 / 176, support: 176, predicted: 184 });
    expect(B?.classes['spam']?.f1).toBeCloseTo((2 * 170) / (184 + 176), 12);
    expect(Object.keys(B?.classes ?? {})).toEqual(['spam', 'ham']);
    expect(B?.tokens).toEqual({ input: 5000, output: 1000 });
    expect(B?.cost).toBeCloseTo(0.5, 10);
    expect(summary.labels).toEqual({ spam: 176, ham: 324 });
    expect(summary.flips).toMatchObject({ gained: 50, lost: 10, leftOut: 0 });
    expect(summary.difference).toMatchObject({ estimate: 0.08, test: 'newcombe-paired', clusters: null, flips: { gained: 50, lost: 10 } });
    expect(summary.difference?.low).toBe(newcombePaired({ bothRight: 430, onlyA: 10, onlyB: 50, bothWrong: 10 })?.low);
    expect(summary.difference?.p).toBeCloseTo(1.6163814566158094e-7, 16);
    expect(summary.sentence).toBe(
      'B is at least 5.1 points better than A in accuracy (measured: 8 points); the 95 % interval, 5.1 to 11.1 points, lies above −1 point.',
    );
    expect(summary.differences['B']).toBe(summary.difference);
  });

  it('is plain JSON', () => {
    const summary = run(better);
    const json: Json = summary;
    expect(JSON.parse(JSON.stringify(json))).toEqual(summary);
  });

  it('fails what is worse and leaves open what cannot be told', () => {
    const worse = run({ ...better, rows: better.rows.map((row) => ({ ...row, variant: row.variant === 'A' ? 'B' : 'A' })) });
    expect(worse.verdict).toBe('FAIL');
    expect(worse.sentence).toMatch(
      /^B is at least 5\.1 points worse than A in accuracy \(measured: −8 points\); .* lies below −1 point\.$/,
    );
    const small = run(
      pairedRows([
        ['x', 'x', 'x', 40],
        ['x', 'x', 'y', 2],
        ['x', 'y', 'x', 3],
      ]),
    );
    expect(small.verdict).toBe('UNDECIDED');
    expect(small.difference?.moreSamples).toBeGreaterThan(100);
    expect(small.sentence).toMatch(
      /^The 95 % interval of B − A in accuracy, .* contains −1 point; about [\d,]+ more samples would decide it if 2\.2 points is the true difference\.$/,
    );
  });

  it('gives for a variant against itself a difference of exactly 0 and p = 1', () => {
    const same = pairedRows([
      ['x', 'x', 'x', 400],
      ['y', 'x', 'x', 30],
      ['y', 'y', 'y', 170],
    ]);
    for (const metric of ['accuracy', 'recall:y', 'precision:x', 'f1:y', 'macro-f1']) {
      expect(run(same, { metric }).difference).toMatchObject({ estimate: 0, p: 1, flips: { gained: 0, lost: 0 }, verdict: 'PASS' });
    }
  });

  it('counts an error as wrong, lists it, and is undecided above the allowed share', () => {
    const rows = (errors: number) =>
      pairedRows([
        ['x', 'x', 'x', 400 - errors],
        ['x', 'x', null, errors],
      ]);
    const few = run(rows(4));
    expect(few.variants['B']).toMatchObject({ correct: 396, errors: 4, unpredicted: { x: 4 }, confusion: { x: { x: 396 } } });
    expect(few.failures).toMatchObject({ total: 4, leftOut: 0 });
    expect(few.failures.results[0]).toEqual({ sampleId: 's396', variant: 'B', repeat: 1, error: 'the model did not answer' });
    expect(few.variants['B']?.classes['x']?.recall).toBe(0.99);
    const many = run(rows(5));
    expect(many.verdict).toBe('UNDECIDED');
    expect(many.sentence).toMatch(/^B ended with an error on 5 of 400 results \(1\.3 %\), more than the 1\.0 % that --max-errors allows/);
    expect(run(rows(5), { maxErrors: 0.1, margin: 0.1 }).verdict).toBe('PASS');
  });

  it('judges only the longest complete beginning of the seeded order', () => {
    const missing = better.rows.filter((row) => !(row.sampleId === 's400' && row.variant === 'B'));
    const summary = run({ ...better, rows: missing });
    expect(summary).toMatchObject({ n: 400, planned: 500 });
    expect(summary.variants['A']).toMatchObject({ n: 400, calls: 500 });
    expect(summary.notes[0]).toMatch(/^An early look: 400 of 500 samples/);
    expect(run({ ...better, rows: [] })).toMatchObject({ n: 0, verdict: 'UNDECIDED', variants: { A: { accuracy: null, n: 0 } } });
  });

  it('leaves samples without a label out, and says so', () => {
    const rows = better.rows.map((row) => (row.sampleId === 's3' ? { ...row, label: null, correct: false } : row));
    expect(run({ ...better, rows })).toMatchObject({ n: 499, unlabelled: 1, notes: ['1 sample without a label was left out.'] });
  });

  it('takes no row twice', () => {
    const summary = run({ ...better, rows: [...better.rows, ...better.rows.slice(0, 3)] });
    expect(summary.variants).toEqual(run(better).variants);
    expect(summary.notes).toEqual(['3 rows repeated a result that was there; the first counts.']);
  });

  it('keeps labels apart that look like parts of JavaScript', () => {
    const odd = run(
      pairedRows([
        ['__proto__', '__proto__', 'constructor', 3],
        ['constructor', 'toString', 'constructor', 2],
      ]),
    );
    expect(JSON.stringify(odd.variants['A']?.confusion)).toBe(
      '{"__proto__":{"__proto__":3,"constructor":0},"constructor":{"__proto__":0,"constructor":0,"toString":2}}',
    );
  });

  it('puts rare free-text predictions together', () => {
    const order = Array.from({ length: 80 }, (_, i) => `s${i}`);
    const rows = order.flatMap((id, i) => [
      result(id, 'A', { label: 'x', prediction: `free text ${i}` }),
      result(id, 'B', { label: 'x', prediction: 'x' }),
    ]);
    const row = run({ order, rows }).variants['A']?.confusion['x'] ?? {};
    expect(Object.keys(row)).toHaveLength(52);
    expect(row['(other)']).toBe(30);
  });

  it.each<[string, Partial<EvaluationResult>, RegExp]>([
    ['an unknown variant', { variant: 'Z' }, /variant "Z"/],
    ['an unknown sample', { sampleId: 'zzz' }, /sample "zzz"/],
    ['one repeat too many', { repeat: 2 }, /repeat 2/],
    ['another label', { variant: 'B', label: 'other' }, /two labels/],
  ])('refuses a row of %s', (_, change, message) => {
    const [first, second] = pairedRows([['x', 'x', 'x', 1]]).rows;
    const rows = first === undefined || second === undefined ? [] : [first, { ...second, ...change }];
    expect(() => run({ order: ['s0'], rows })).toThrow(message);
  });

  it('refuses a metric that does not exist', () => {
    expect(() => run(better, { metric: 'f2:spam' })).toThrow(/no metric "f2:spam"/);
  });
});

describe('several variants, clusters and repeats', () => {
  const third = better.rows.filter((row) => row.variant === 'A').map((row) => ({ ...row, variant: 'C' }));

  it('compares each variant with A; the worst verdict counts', () => {
    const summary = run({ ...better, rows: [...better.rows, ...third] }, {}, ['A', 'B', 'C']);
    expect(Object.keys(summary.differences)).toEqual(['B', 'C']);
    expect(summary.difference?.variant).toBe('B');
    expect(summary.differences['B']?.verdict).toBe('PASS');
    expect(summary.differences['C']).toMatchObject({ estimate: 0, p: 1 });
    expect(summary.verdict).toBe(summary.differences['C']?.verdict);
    expect(summary.notes.at(-1)).toMatch(/not adjusted/);
    expect(run({ order: better.order, rows: third.map((row) => ({ ...row, variant: 'A' })) }, {}, ['A'])).toMatchObject({
      difference: null,
      differences: {},
      verdict: 'UNDECIDED',
      sentence: 'There is only one variant: nothing was compared.',
    });
  });

  const clustered = (size: number) => ({
    ...better,
    rows: better.rows.map((row) => ({ ...row, cluster: `c${Math.floor(Number(row.sampleId.slice(1)) / size)}` })),
  });

  it('widens the interval when samples belong together', () => {
    const summary = run(clustered(5));
    expect(summary).toMatchObject({
      clusters: 100,
      difference: { test: 'cr1-clustered', p: null, pOver: null, clusters: 100, estimate: 0.08 },
    });
    const plain = run(better).difference;
    expect((summary.difference?.high ?? 0) - (summary.difference?.low ?? 0)).toBeGreaterThan((plain?.high ?? 1) - (plain?.low ?? 0));
    const [wide, narrow] = [summary.variants['A']?.accuracyInterval, run(better).variants['A']?.accuracyInterval];
    expect((wide?.high ?? 0) - (wide?.low ?? 0)).toBeGreaterThan((narrow?.high ?? 1) - (narrow?.low ?? 0));
  });

  it('is about the same as without when every sample is its own cluster, for every metric', () => {
    for (const metric of ['accuracy', 'recall:spam', 'precision:spam', 'f1:spam', 'macro-f1']) {
      const [with1, without] = [run(clustered(1), { metric }).difference, run(better, { metric }).difference];
      expect(with1?.test).toBe('cr1-clustered');
      expect(with1?.estimate).toBeCloseTo(without?.estimate ?? -1, 12);
      expect(Math.abs((with1?.low ?? 0) - (without?.low ?? 1))).toBeLessThan(0.008);
      expect(Math.abs((with1?.high ?? 0) - (without?.high ?? 1))).toBeLessThan(0.008);
    }
  });

  it('says that one cluster has no spread, and that few are few', () => {
    const one = run(clustered(500));
    expect(one).toMatchObject({ verdict: 'UNDECIDED', difference: { low: null, high: null, estimate: 0.08, clusters: 1 } });
    expect(one.sentence).toBe('There is no interval to judge by: all samples are of one cluster, which has no spread to measure.');
    expect(run(clustered(50)).notes[0]).toMatch(/^Only 10 independent groups/);
  });

  it('takes repeats as means per sample', () => {
    const repeated = (repeat: number) => better.rows.map((row) => ({ ...row, repeat }));
    const summary = run({ ...better, rows: [0, 1, 2].flatMap(repeated) }, { repeats: 3 });
    expect(summary.variants['B']).toMatchObject({ n: 1500, correct: 1440, accuracy: 0.96 });
    // Identical repeats carry no more information than one: the same paired t interval.
    const single = run(clustered(1)).difference;
    expect(summary).toMatchObject({
      n: 500,
      clusters: null,
      flips: { gained: 50, lost: 10 },
      difference: { test: 'cr1-clustered', clusters: 500, p: null },
    });
    expect(summary.difference?.low).toBeCloseTo(single?.low ?? 1, 12);
    const flicker = repeated(0).map((row) =>
      row.variant === 'B' ? { ...row, repeat: 1, prediction: row.label, correct: true } : { ...row, repeat: 1 },
    );
    // Lost once and right once is a tie, no flip.
    expect(run({ ...better, rows: [...repeated(0), ...flicker] }, { repeats: 2 }).flips).toMatchObject({ gained: 50, lost: 0 });
  });
});

describe('what must not matter', () => {
  it('which class is shown first, which only changes the order', () => {
    for (const metric of ['accuracy', 'f1:spam', 'macro-f1']) {
      const [one, other] = [run(better, { metric, positive: 'spam' }), run(better, { metric, positive: null })];
      expect(Object.keys(one.labels)).toEqual(['spam', 'ham']);
      expect(Object.keys(other.labels)).toEqual(['ham', 'spam']);
      expect({ ...one, positive: null }).toEqual(other);
    }
  });

  it('how repeats are numbered', () => {
    const numbered = (first: number) => better.rows.map((row) => ({ ...row, repeat: first }));
    expect(run({ ...better, rows: numbered(0) })).toEqual(run({ ...better, rows: numbered(1) }));
  });
});

describe('properties', () => {
  const said = fc.constantFrom('x', 'y', 'z', 'free', null);
  const anyData = fc
    .array(fc.tuple(fc.constantFrom('x', 'y'), said, said, fc.integer({ min: 1, max: 15 })), { minLength: 1, maxLength: 10 })
    .map(pairedRows);
  const anyMetric = fc.constantFrom('accuracy', 'recall:x', 'precision:y', 'f1:x', 'macro-f1');

  it('does not depend on the order of rows', () => {
    fc.assert(
      fc.property(anyData, anyMetric, fc.integer(), (data, metric, seed) => {
        const rows = shuffled(data.rows, seededRandom(seed));
        expect(run({ order: data.order, rows }, { metric })).toEqual(run(data, { metric }));
      }),
      { numRuns: 15 },
    );
  });

  it('agrees with a recount from the rows', () => {
    fc.assert(
      fc.property(anyData, (data) => {
        const summary = run(data);
        for (const name of ['A', 'B']) {
          const rows = data.rows.filter((row) => row.variant === name);
          const variant = summary.variants[name];
          expect(variant?.correct).toBe(rows.filter((row) => row.correct).length);
          expect(variant?.accuracy).toBe(rows.filter((row) => row.correct).length / rows.length);
          expect(variant?.errors).toBe(rows.filter((row) => row.error !== null).length);
          for (const [label, scores] of Object.entries(variant?.classes ?? {})) {
            const is = rows.filter((row) => row.label === label).length;
            const saysIt = rows.filter((row) => row.prediction === label).length;
            const both = rows.filter((row) => row.label === label && row.prediction === label).length;
            expect(scores).toMatchObject({
              support: is,
              predicted: saysIt,
              recall: both / is,
              precision: saysIt === 0 ? null : both / saysIt,
            });
            expect(scores.f1).toBe((2 * both) / (is + saysIt));
          }
        }
        const rightIn = (name: string) =>
          new Set(data.rows.filter((row) => row.variant === name && row.correct).map((row) => row.sampleId));
        const [a, b] = [rightIn('A'), rightIn('B')];
        expect(summary.flips.gained).toBe([...b].filter((id) => !a.has(id)).length);
        expect(summary.flips.lost).toBe([...a].filter((id) => !b.has(id)).length);
      }),
    );
  });

  it('mirrors when A and B change places, and the interval holds the estimate', () => {
    fc.assert(
      fc.property(anyData, anyMetric, (data, metric) => {
        const swapped = data.rows.map((row) => ({ ...row, variant: row.variant === 'A' ? 'B' : 'A' }));
        const [here, there] = [run(data, { metric }).difference, run({ ...data, rows: swapped }, { metric }).difference];
        if (here?.estimate == null) {
          expect(there?.estimate).toBeNull();
          return;
        }
        expect(there?.estimate).toBeCloseTo(-here.estimate, 12);
        expect(there?.p).toBe(here.p);
        expect(there?.flips).toEqual({ gained: here.flips.lost, lost: here.flips.gained });
        if (metric === 'accuracy') expect(there?.low).toBeCloseTo(-(here.high ?? 2), 12);
        // A percentile interval of a handful of samples may miss a biased estimate by a little.
        if (here.low !== null && here.high !== null && metric === 'accuracy') {
          expect(here.low <= here.estimate && here.estimate <= here.high).toBe(true);
        }
      }),
      { numRuns: 25 },
    );
  });
});

describe('size', () => {
  it('summarizes 20,000 rows that come one by one in less than two seconds of processor time, macro F1 bootstrapped', () => {
    const labels = ['a', 'b', 'c', 'd', 'e'];
    const order = Array.from({ length: 10_000 }, (_, i) => `s${i}`);
    const table = openResultTable(startedWith({ metric: 'macro-f1' }), order);
    const random = seededRandom(3);
    const before = process.cpuUsage();
    for (const [i, id] of order.entries()) {
      const label = labels[i % 5] ?? 'a';
      for (const variant of ['A', 'B']) {
        const wrong = random.uint32() % 10 === 0;
        addResult(table, result(id, variant, { label, prediction: wrong ? (labels[random.uint32() % 5] ?? 'a') : label }));
      }
    }
    const summary = summarizeTable(table, { status: 'judged', report: null });
    expect(process.cpuUsage(before).user / 1000).toBeLessThan(2000);
    expect(summary.n).toBe(10_000);
    expect(summary.difference?.test).toBe('paired-bootstrap');
    expect(summary.variants['A']?.macroF1).toBeCloseTo(0.92, 1);
  });

  it('bears a label column that was a mistake: 10,000 labels for 10,000 samples', () => {
    const order = Array.from({ length: 10_000 }, (_, i) => `s${i}`);
    const rows = order.flatMap((id, i) => [
      { ...result(id, 'A', { label: `l${i}`, prediction: 'x' }), cluster: `c${i % 100}` },
      { ...result(id, 'B', { label: `l${i}`, prediction: `l${i}` }), cluster: `c${i % 100}` },
    ]);
    const before = process.cpuUsage();
    const summary = run({ order, rows });
    expect(process.cpuUsage(before).user / 1000).toBeLessThan(4000);
    expect(summary.notes[0]).toBe('There are 10,000 labels for 10,000 samples: is the label column the right one?');
    expect(summary.variants['B']?.confusion['l7']).toEqual({ l7: 1 });
  });
});
