import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { workingFolder } from './fixtures.ts';
import { evaluated, resultsOf } from './recount-commands.ts';
import { mcnemar, newcombe10, student95, wilson } from './recount-statistics.ts';
import { disagreements, recount, type Row } from './recount.ts';
import { newFolder, riskflowJson } from './riskflow.ts';

describe.concurrent('evaluations of 40 messages', () => {
  let folder: string;
  beforeAll(() => {
    folder = workingFolder();
    // The flow `short` answers with the text and takes no more than five characters; `good` says spam to what has "win" in it.
    const kinds = ['spam,spam', 'ham,ham', 'hello,ham', 'win again,spam', 'win,spam'];
    const rows = Array.from({ length: 40 }, (_, i) => `m${i},${kinds[i % 5]},${i % 7 === 0 ? '' : `c${i % 9}`}`);
    writeFileSync(join(folder, 'messages.csv'), ['id,text,label,thread', ...rows].join('\n'));
  });

  it.each([
    { what: 'errors above --max-errors', b: 'short.yml', options: [], verdict: 'UNDECIDED', test: 'newcombe-paired' },
    { what: 'errors that are allowed', b: 'short.yml', options: ['--max-errors', '0.5'], verdict: 'FAIL', test: 'newcombe-paired' },
    {
      what: 'a wide margin',
      b: 'short.yml',
      options: ['--max-errors', '0.5', '--margin', '0.7'],
      verdict: 'PASS',
      test: 'newcombe-paired',
    },
    { what: 'a flow against itself', b: 'good.yml', options: [], verdict: 'UNDECIDED', test: 'newcombe-paired' },
    { what: 'repeats', b: 'short.yml', options: ['--max-errors', '0.5', '--repeats', '3'], verdict: 'FAIL', test: 'cr1-clustered' },
    { what: 'few clusters', b: 'short.yml', options: ['--max-errors', '0.5'], cluster: 'thread', verdict: 'FAIL', test: 'cr1-clustered' },
  ])('agree with the recount: $what is $verdict', async ({ b, options, cluster, verdict, test }) => {
    const start = { data: join(newFolder(), 'data'), folder };
    const clusters = cluster === undefined ? [] : ['--cluster', cluster];
    await riskflowJson(['sample', 'import', 'messages', 'messages.csv', ...clusters], start);
    const { summary } = await evaluated(['--a', 'good.yml', '--b', b, '--samples', 'messages', ...options], start);
    const counted = recount(await resultsOf(summary.id, start), summary);
    expect(disagreements(counted, summary)).toEqual([]);
    expect(counted).toMatchObject({ n: 40, verdict, difference: { test } });
  });
});

describe('the statistics of the recount give published figures', () => {
  // The same publications as in evaluation/statistics: Newcombe 1998 (857–872) table I; Altman et al. 2000, table 6.2; Bentur et
  // al. and Cavo et al. in Fagerland, Lydersen, Laake 2014; Student's table.
  it.each([
    { of: 'Wilson, 81 of 263', figures: wilson(81, 263), low: 0.2553, high: 0.3662 },
    { of: 'Wilson, 0 of 20', figures: wilson(0, 20), low: 0, high: 0.1611 },
    { of: 'Newcombe, Altman', figures: newcombe10({ e: 14, f: 5, g: 0, h: 22 }), low: 0.0115, high: 0.2265 },
    { of: 'Newcombe, Bentur', figures: newcombe10({ e: 1, f: 1, g: 7, h: 12 }), low: -0.5069, high: -0.0256 },
    { of: 'Newcombe, Cavo', figures: newcombe10({ e: 59, f: 6, g: 16, h: 80 }), low: -0.1186, high: -0.0046 },
  ])('$of', ({ figures, low, high }) => {
    expect(figures?.low).toBeCloseTo(low, 4);
    expect(figures?.high).toBeCloseTo(high, 4);
  });

  it('McNemar and Student', () => {
    expect(mcnemar(1, 7)).toBeCloseTo(0.0703125, 12);
    expect(mcnemar(6, 16)).toBeCloseTo(0.052478790283203125, 12);
    expect([1, 2, 5, 10, 30, 120].map((df) => student95(df).toFixed(3))).toEqual(['12.706', '4.303', '2.571', '2.228', '2.042', '1.980']);
  });

  it('says where a summary differs', () => {
    const rows = ['A', 'B'].map((variant): Row => ({ ...row, variant }));
    const counted = recount(rows, { margin: 0.01, maxErrors: 0.01 });
    const changed = {
      ...counted,
      n: 2,
      variants: { ...counted.variants, A: { ...counted.variants.A, confusion: { spam: { spam: 1, ham: 1 } } } },
    };
    expect(disagreements(counted, counted)).toEqual([]);
    expect(disagreements(counted, changed)).toEqual([
      '/n: recounted 1, said 2',
      '/variants/A/confusion/spam/ham: recounted undefined, said 1',
    ]);
  });
  const row = { sampleId: '1', repeat: 0, label: 'spam', prediction: 'spam', correct: true, error: null, cluster: null };
});
