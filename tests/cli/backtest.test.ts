import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { workingFolder } from './fixtures.ts';
import { countRows, newFolder, riskflow, riskflowJson, type Start } from './riskflow.ts';

/** A source `stream` over twenty-one records that say what they are, decided by the flow `good`. */
async function decidedSource(): Promise<Start & { readonly folder: string }> {
  const folder = workingFolder();
  const lines = Array.from({ length: 21 }, (_, i) => {
    const wins = i % 3 === 0;
    return JSON.stringify({ id: `r-${i}`, text: wins ? `win ${i}` : `hello ${i}`, truth: wins ? 'spam' : 'ham' });
  });
  writeFileSync(join(folder, 'stream.ndjson'), `${lines.join('\n')}\n`);
  const start = { data: join(newFolder(), 'data'), folder };
  for (const args of [
    ['source', 'create', 'stream', '--file', 'stream.ndjson', '--flow', 'good.yml', '--key', 'id'],
    ['source', 'start', 'stream'],
  ]) {
    const { code, err } = await riskflow(args, start);
    if (code !== 0) throw new Error(`riskflow ${args.join(' ')} ended with ${code}: ${err}`);
  }
  return start;
}

type Decisions = { readonly decisions: readonly { readonly recordKey: string; readonly replay: number; readonly label: string }[] };

describe.concurrent('riskflow backtest, source replay, sample from-stream and decision compare', () => {
  it('tries another version, shows what would change, and makes a labelled set of it', async () => {
    const start = await decidedSource();
    const run = await riskflow(['backtest', 'stream', '--flow', 'bad.yml', '--label', 'truth'], start);
    expect([run.code, run.err]).toEqual([
      0,
      expect.stringMatching(
        /^riskflow: backtest 1 of source stream by bad version [0-9a-f]{12}; if it is interrupted: .* --resume 1\n/,
      ) as string,
    ]);
    expect(run.out).toContain('0 agree with the live decision, 21 do not (0.0 % agree)');
    expect(run.out).toMatch(/live label ↓ {2}here → +spam +ham\nham +14 +0\nspam +0 +7\n/);
    expect(run.out).toMatch(/r-0 +spam +ham +win 0\n/);
    expect(run.out).toContain('and 1 more: riskflow sample from-stream stream --name SET --disagreements --mode backtest --replay 1');
    expect(run.out).toContain('accuracy on 21 labelled records: live 100.0 %, here 0.0 %');
    expect(run.out).toMatch(/difference -100\.0 points, 95 % interval -100\.0 to -\d+\.\d, p 0\.0000 \(newcombe-paired\)/);

    const shown = await riskflow(['backtest', 'show', 'stream', '1'], start);
    expect(shown.out).toBe(run.out);
    expect(await riskflowJson(['backtest', 'run', 'stream', '--flow', 'good', '--arrivals', '1..4'], start)).toMatchObject({
      ...{ backtest: 2, status: 'finished', records: 4, agree: 4, differ: 0, changed: [] },
      range: { after: 0, upTo: 4, from: null },
    });
    expect(await riskflowJson(['backtest', 'list', 'stream'], start)).toMatchObject({
      backtests: [
        { backtest: 1, status: 'finished', records: 21, agree: 0, differ: 21 },
        { backtest: 2, records: 4, agree: 4 },
      ],
    });
    const { decisions } = await riskflowJson<Decisions>(['decision', 'list', '--mode', 'live'], start);
    expect(decisions.every(({ replay }) => replay === 0)).toBe(true);
    expect(decisions).toHaveLength(21);

    const compared = await riskflow(['decision', 'compare', 'stream', '--mode', 'backtest', '--replay', '1', '--limit', '2'], start);
    expect(compared.out).toContain('backtest 1 of source stream: 21 compared, 0 agree, 21 do not (0.0 % agree)');
    expect(compared.out.trim().split('\n').slice(-3)[0]).toMatch(/^record +live +backtest$/);

    const sample = ['sample', 'from-stream', 'stream', '--name', 'changed', '--disagreements', '--mode', 'backtest', '--limit', '10'];
    expect((await riskflow(sample, start)).out).toMatch(/^changed version [0-9a-f]{12} is made: 10 samples, 10 without a label\n$/);
    const evaluation = ['eval', 'run', '--a', 'good', '--b', 'bad', '--samples', 'changed'];
    expect(await riskflow(evaluation, start)).toEqual({
      code: 2,
      out: '',
      err: expect.stringContaining('no sample of changed has a label') as string,
    });
    expect(countRows(start.data, 'evaluations')).toBe(0);
    expect((await riskflow(['sample', 'label', 'changed', '--id', 'r-0', '--label', 'spam'], start)).out).toMatch(
      /1 labels are others now; spam 1, 9 without a label\n$/,
    );
    expect(await riskflowJson([...sample, '--label', 'truth'], start)).toMatchObject({ rows: 10, unlabelled: 0, isNew: true });
    expect((await riskflow(evaluation, start)).code).toBe(3);
  });

  it('decides records again for real while the source is paused, and never else', async () => {
    const start = await decidedSource();
    const replay = ['source', 'replay', 'stream', '--arrivals', '1..2', '--flow', 'bad.yml', '--reason', 'test'];
    const refused = await riskflow(replay, start);
    expect([refused.code, refused.out]).toEqual([1, '']);
    expect(refused.err).toContain('source "stream" is not paused');
    await riskflow(['source', 'pause', 'stream'], start);
    appendFileSync(join(start.folder, 'stream.ndjson'), '{"id": "late", "text": "win at last"}\n');
    expect((await riskflow(replay, start)).out).toBe('replay 1 of source stream: 2 decided again, 0 failed\n');
    expect(await riskflowJson([...replay.slice(0, 3), '--resume', '1'], start)).toMatchObject({ replay: 1, decided: 2, left: 0 });
    const { decisions } = await riskflowJson<Decisions>(['decision', 'list'], start);
    expect(
      decisions
        .filter((each) => each.replay === 1)
        .map(({ recordKey, label }) => `${recordKey} ${label}`)
        .sort(),
    ).toEqual(['r-0 ham', 'r-1 spam']);
    expect(decisions).toHaveLength(23);
  });

  it.each<readonly [readonly string[], string]>([
    [['backtest', 'run', 'stream'], 'the option --flow <FLOW> is required'],
    [['backtest', 'run', 'stream', '--flow', 'good.yml', '--resume', '1'], '--resume goes on with what was begun'],
    [['backtest', 'run', 'stream', '--flow', 'good.yml', '--arrivals', '5..1'], '--arrivals must be A..B'],
    [['backtest', 'run', 'stream', '--flow', 'good.yml', '--from', 'yesterday'], '--from must be a moment'],
    [['backtest', 'run', 'nothing', '--flow', 'good.yml'], 'there is no source "nothing"'],
    [['backtest', 'show', 'nothing', 'x'], 'N must be a whole number'],
    [['source', 'replay', 'stream', '--reason', 'x'], 'which records?'],
    [['source', 'replay', 'stream', '--arrivals', '1..2'], 'the option --reason <TEXT> is required'],
    [['sample', 'from-stream', 'stream', '--name', 'x', '--mode', 'shadow'], '--mode and --replay say of what the --disagreements are'],
    [['sample', 'from-stream', 'stream', '--name', 'x', '--label', 'a', '--label-from', 'live'], 'do not go together'],
    [['sample', 'label', 'x', '--id', 'a'], 'name samples with --id and their --label'],
  ])('riskflow %j is wrong use', async (args, message) => {
    const { code, out, err } = await riskflow(args, { data: join(newFolder(), 'data'), folder: workingFolder() });
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(message);
  });
});
