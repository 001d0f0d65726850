import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { sha256Hex } from '../../schemas/core.ts';
import { encodeArtifact } from './artifact.ts';
import { evaluateClassifier, loadClassifier } from './classify.ts';
import type { LabelledText } from './folds.ts';
import { textKey } from './normalize-text.ts';
import { trainClassifier } from './train.ts';

const FILE = new URL('../../../shared/data/sms_spam.csv', import.meta.url);
const present = existsSync(FILE);

describe.skipIf(!present)(`the SMS collection of ../shared/data${present ? '' : ' (skipped: ../shared is absent)'}`, () => {
  it('trained on 30 %, it is right about at least 97.5 % of the rest', { timeout: 60_000 }, async () => {
    const samples = readSamples(readFileSync(FILE, 'utf8'));
    // Equal texts fall on one side.
    const inTune = ({ text }: LabelledText): boolean => parseInt(sha256Hex(textKey(text)).slice(0, 8), 16) / 2 ** 32 < 0.3;
    const tune = samples.filter(inTune);
    const test = samples.filter((sample) => !inTune(sample));
    expect([samples.length, tune.length > 1500, tune.length < 1850]).toEqual([5574, true, true]);

    const { artifact, metrics } = await trainClassifier({ samples: tune, seed: 7 });
    expect(metrics.crossValidated.accuracy).toBeGreaterThan(0.975);
    expect(metrics.crossValidated.ece).toBeLessThan(0.02);
    const bytes = encodeArtifact(artifact);
    expect(bytes.length).toBeLessThan(3_000_000);

    const evaluated = evaluateClassifier(artifact, test);
    expect(evaluated.n).toBe(test.length);
    expect(evaluated.accuracy).toBeGreaterThanOrEqual(0.975);
    expect(evaluated.ece).toBeLessThan(0.02);

    const classifier = loadClassifier(bytes);
    const startedAt = performance.now();
    for (const { text } of test) classifier.classify(text);
    // A tenth of what one idle core does: enough to notice a mistake, and no more on a busy machine.
    expect((test.length / (performance.now() - startedAt)) * 1000).toBeGreaterThan(1000);
  });
});

/** Rows `id,label,text`; the text may be quoted with doubled quotes inside, and hold no line break. */
function readSamples(csv: string): readonly LabelledText[] {
  const rows = csv.trimEnd().split(/\r?\n/).slice(1);
  return rows.map((row) => {
    const [, label = '', rest = ''] = /^\d+,(\w+),(.*)$/.exec(row) ?? [];
    return { label, text: rest.startsWith('"') ? rest.slice(1, -1).replaceAll('""', '"') : rest, group: null };
  });
}
