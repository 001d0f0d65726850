import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { copyOf, dataWithSamples, samplesCsv, workingFolder } from './fixtures.ts';
import { contentOf, countRows, newFolder, riskflow, riskflowJson } from './riskflow.ts';

type Imported = { readonly version: string; readonly rows: number; readonly isNew: boolean };
type Trained = {
  readonly model: string;
  readonly artifact: string;
  readonly isNew: boolean;
  readonly crossValidated: {
    readonly accuracy: number;
    readonly ece: number;
    readonly confusion: Record<string, Record<string, number>>;
    readonly n: number;
  };
  readonly test: { readonly address: string; readonly n: number } | null;
};

describe.concurrent('riskflow sample, model and projection', () => {
  let folder: string;
  let template: string;
  beforeAll(async () => {
    folder = workingFolder();
    template = await dataWithSamples(folder);
  });
  const newData = (): string => join(newFolder(), 'data');
  const file = (name: string, text: string): string => {
    const path = join(newFolder(), name);
    writeFileSync(path, text);
    return path;
  };

  /** Everything in the data folder, once the read models have caught up. */
  const settled = async (data: string): Promise<string> => {
    await riskflow(['projection', 'status'], { data });
    return contentOf(data);
  };

  it('imports columns as fields; the same content again writes nothing', async () => {
    const data = newData();
    const args = ['sample', 'import', 'small', 'samples.csv', '--field', 'language=lang', '--cluster', 'lang'];
    const first = await riskflowJson<Imported>(args, { data, folder });
    expect(first).toEqual({
      sampleSet: 'small',
      version: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      rows: 40,
      duplicates: 0,
      rejected: 0,
      rejectedRows: [],
      labels: { ham: 20, spam: 20 },
      isNew: true,
    });
    const before = await settled(data);
    const again = await riskflowJson<Imported>(args, { data, folder });
    expect(again).toEqual({ ...first, isNew: false });
    expect(await settled(data)).toBe(before);
    expect(await riskflowJson(['sample', 'show', 'small'], { data, folder })).toMatchObject({
      version: first.version,
      fields: ['text', 'language'],
      clusters: 2,
      texts: 40,
    });
  });

  it('--keep-valid imports the rest and names what it left out; --dedupe drops equal texts', async () => {
    const data = newData();
    const path = file('holes.csv', 'id,text,label\n1,same,x\n2,same,y\n3,,x\n1,other,y\n5,fine,y\n');
    const kept = await riskflow(['sample', 'import', 's', path, '--keep-valid', '--dedupe', '--json'], { data, folder });
    expect(kept.code).toBe(0);
    expect(JSON.parse(kept.out)).toMatchObject({
      rows: 2,
      duplicates: 1,
      rejected: 2,
      rejectedRows: [{ line: 4 }, { line: 5 }],
      labels: { x: 1, y: 1 },
    });
    expect(kept.err).toMatch(
      /^riskflow: warning: line 4 was left out: its text .*\nriskflow: warning: line 5 was left out: its id "1" is that of line 2\n$/,
    );
  });

  it('what is exported can be imported as the same version', async () => {
    const data = newData();
    const { version } = await riskflowJson<Imported>(['sample', 'import', 'small', 'samples.csv'], { data, folder });
    const { out } = await riskflow(['sample', 'export', 'small'], { data, folder });
    expect(out.split('\n')[1]).toBe(`{"id":"s1","lang":"zh","text":"see you at 1 o'clock","label":"ham"}`);
    const copy = await riskflowJson<Imported>(['sample', 'import', 'copy', file('copy.jsonl', out)], { data, folder });
    expect(copy).toMatchObject({ version, rows: 40 });
    const written = join(newFolder(), 'out.jsonl');
    await riskflowJson(['sample', 'export', 'small', '--out', written], { data, folder });
    expect(readFileSync(written, 'utf8')).toBe(out);
    const document = await riskflowJson<{ readonly samples: readonly unknown[] }>(['sample', 'export', 'small'], { data, folder });
    expect(document.samples).toEqual(
      out
        .trimEnd()
        .split('\n')
        .map((line): unknown => JSON.parse(line)),
    );
  });

  it('splits by any names; the same split again writes nothing', async () => {
    const data = newData();
    await riskflow(['sample', 'import', 'small', 'samples.csv'], { data, folder });
    const args = ['sample', 'split', 'small', '--tune', '0.25', '--dev=0.25', '--test', '0.5', '--seed', '7'];
    const { splits } = await riskflowJson<{ readonly splits: Record<string, { readonly rows: number; readonly version: string }> }>(args, {
      data,
      folder,
    });
    expect(Object.entries(splits).map(([name, { rows }]) => [name, rows])).toEqual([
      ['tune', 10],
      ['dev', 10],
      ['test', 20],
    ]);
    const ids = await Promise.all(
      Object.keys(splits).map(
        async (name) => (await riskflow(['sample', 'export', `small@${name}`], { data, folder })).out.match(/"id":"s\d+"/g) ?? [],
      ),
    );
    expect(new Set(ids.flat()).size).toBe(40);
    const before = await settled(data);
    expect((await riskflowJson<{ readonly splits: unknown }>(args, { data, folder })).splits).toEqual(splits);
    expect(await settled(data)).toBe(before);
    const other = await riskflowJson<{ readonly splits: typeof splits }>([...args.slice(0, -1), '8'], { data, folder });
    expect(other.splits['tune']?.version).not.toBe(splits['tune']?.version);
  });

  it('trains a classifier on a split, judges it on @test by itself, and trains it again without writing', async () => {
    const data = await copyOf(template);
    const first = await riskflowJson<Trained>(['model', 'train', 'small@tune'], { data, folder });
    expect(first).toMatchObject({ model: 'small@tune', isNew: true, crossValidated: { n: 20 }, test: { address: 'small@test', n: 20 } });
    const before = await settled(data);
    const again = await riskflow(['model', 'train', 'small@tune'], { data, folder });
    expect(again.out).toMatch(new RegExp(`^small@tune was trained before on 20 samples .*artifact ${first.artifact.slice(0, 12)}\n`));
    expect(again.out).toMatch(
      /small@tune, cross-validated in 5 parts: accuracy [\d.]+ % of 20, calibration error 0\.\d{3}\nlabel \\ said {2}ham {2}spam\n/,
    );
    expect(again.out).toMatch(/\nsmall@test: accuracy [\d.]+ % of 20, calibration error 0\.\d{3}\n/);
    expect(await settled(data)).toBe(before);
    expect(await riskflowJson(['model', 'list'], { data, folder })).toMatchObject({
      models: [{ model: 'small@tune', artifact: first.artifact, rows: 20 }],
    });
  });

  it('a new import replaces the set: its old splits are not mistaken for those of the new one', async () => {
    const data = await copyOf(template);
    await riskflow(['sample', 'import', 'small', file('less.csv', samplesCsv.split('\n').slice(0, 20).join('\n'))], { data, folder });
    const { code, err } = await riskflow(['sample', 'show', 'small@test'], { data, folder });
    expect([code, err]).toEqual([
      2,
      expect.stringMatching(/^riskflow: the split small@test was cut from an older version of "small"\n {2}→ /),
    ]);
    expect(countRows(data, 'sample_set_versions')).toBe(4);
  });

  it('rebuilding the read models gives the same rows', async () => {
    const data = await copyOf(template);
    const before = await riskflowJson<{
      readonly projections: readonly { readonly name: string; readonly rows: number; readonly hash: string }[];
    }>(['projection', 'status'], { data, folder });
    expect(before.projections.find(({ name }) => name === 'sample_set_versions')?.rows).toBe(3);
    expect(await riskflowJson(['projection', 'rebuild'], { data, folder })).toEqual(before);
    const one = await riskflow(['projection', 'rebuild', 'flows'], { data, folder });
    expect(one.out).toMatch(/^projection {2}rows {2}checkpoint +hash\nflows +0 {2}ledger \d+ of \d+ +[0-9a-f]{16}\n$/);
  });

  it('lists are empty in a new data folder, and say how to begin', async () => {
    const data = newData();
    const { code, out, err } = await riskflow(['sample', 'list'], { data, folder });
    expect([code, out]).toEqual([0, '']);
    expect(err).toBe('riskflow: there is no sample set yet: riskflow sample import NAME FILE.csv\n');
    expect(await riskflowJson(['flow', 'list'], { data, folder })).toEqual({ flows: [] });
  });
});
