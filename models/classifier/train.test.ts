import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isRiskflowError, sha256Hex } from '../../schemas/core.ts';
import { decodeArtifact, encodeArtifact, type ClassifierArtifact } from './artifact.ts';
import { evaluateClassifier, loadClassifier } from './classify.ts';
import type { LabelledText } from './folds.ts';
import { trainClassifier } from './train.ts';

const SUBJECTS = ['my sister', 'the team', 'our neighbour', 'a friend', 'the dentist', 'mum', 'the shop', '老板', '妈妈', '同学'];
const HARMLESS = ['is coming for dinner', 'moved the meeting to noon', 'says thank you', 'left the keys at home', '明天开会', '周末去爬山'];
const SPAM = [
  'won a free prize, call 0906170',
  'offers 5000 pounds cash now',
  'sells cheap pills at www.pills.example',
  '恭喜中奖加微信领取',
  '代开发票请联系',
];

/** Made-up texts, the same in every run. */
function corpus(size: number): readonly LabelledText[] {
  return Array.from({ length: size }, (_, i) => {
    const spam = i % 3 === 0;
    const phrases = spam ? SPAM : HARMLESS;
    const text = `${SUBJECTS[(i * 7) % SUBJECTS.length]} ${phrases[Math.floor(i / 3) % phrases.length]} ${i % 11}`;
    return { text, label: spam ? 'spam' : 'ham', group: i % 4 === 0 ? `campaign ${i % 40}` : null };
  });
}

const samples = corpus(150);
const trained = await trainClassifier({ samples, seed: 7, trainedOn: 'abc' });
const bytes = encodeArtifact(trained.artifact);
const hexOf = (artifact: Uint8Array): string => sha256Hex(Array.from(artifact, (byte) => byte.toString(16).padStart(2, '0')).join(''));

describe('trainClassifier', () => {
  it('learns what it is shown, and says how well by samples it did not see', () => {
    const { crossValidated } = trained.metrics;
    expect(crossValidated).toMatchObject({ n: 150, folds: 5 });
    expect(crossValidated.accuracy).toBeGreaterThan(0.97);
    expect(crossValidated.ece).toBeLessThan(0.1);
    const { spam, ham } = crossValidated.confusion;
    expect(Object.values(spam ?? {}).reduce((a, b) => a + b) + Object.values(ham ?? {}).reduce((a, b) => a + b)).toBe(150);
    expect(evaluateClassifier(trained.artifact, samples)).toMatchObject({ accuracy: 1, n: 150 });
  });

  it('knows texts it has never seen, in both languages', () => {
    const classifier = loadClassifier(bytes);
    const texts = ['you won a prize! call 0906 555', '恭喜您中奖，请加微信领取', 'dinner with the neighbour?', '明天和妈妈去爬山'];
    expect(texts.map((text) => classifier.classify(text).label)).toEqual(['spam', 'spam', 'ham', 'ham']);
  });

  it('gives the same bytes whatever the order of the samples', async () => {
    const shuffled = samples.toSorted((a, b) => (sha256Hex(a.text) < sha256Hex(b.text) ? -1 : 1));
    const again = await trainClassifier({ samples: shuffled, seed: 7, trainedOn: 'abc' });
    expect(encodeArtifact(again.artifact)).toEqual(bytes);
    expect(again.metrics).toEqual(trained.metrics);
  });

  it('gives these very bytes on every machine', () => {
    // Another hash with the same FEATURES_VERSION means that stored artifacts change their meaning: raise the version.
    expect({ bytes: bytes.length, sha256: hexOf(bytes) }).toMatchInlineSnapshot(`
      {
        "bytes": 5759,
        "sha256": "a7b205ae8e88fdc6f31ce9b347e274ca096a81005f2c257e94b0c3c8d27d58fb",
      }
    `);
  });

  it('reports its progress and stops when told to', async () => {
    const seen: string[] = [];
    await trainClassifier({ samples: corpus(30), seed: 1, onProgress: ({ done, total }) => seen.push(`${done}/${total}`) });
    expect([seen.length, seen[0], seen.at(-1)]).toEqual([21, '1/21', '21/21']);
    const controller = new AbortController();
    const stopped = trainClassifier({
      samples,
      seed: 1,
      signal: controller.signal,
      onProgress: () => controller.abort(new Error('enough')),
    });
    await expect(stopped).rejects.toThrow('enough');
  });

  it.each([
    ['no samples', [], /at least two labels, but there are none/],
    [
      'one label',
      [
        { text: 'a', label: 'x', group: null },
        { text: 'b', label: 'x', group: null },
      ],
      /at least two labels, but all 2 have the label "x"/,
    ],
    [
      'one group',
      [
        { text: 'a', label: 'x', group: 'g' },
        { text: 'b', label: 'y', group: 'g' },
      ],
      /at least two groups, but all 2 belong together/,
    ],
  ])('refuses %s', async (_name, few, message) => {
    const refused = await trainClassifier({ samples: few, seed: 1 }).catch((error: unknown) => error);
    expect(isRiskflowError(refused) && refused.code).toBe('invalid_input');
    expect(String(refused)).toMatch(message);
  });

  it('copes with a label of one sample, empty texts and texts without a common feature', async () => {
    const odd: readonly LabelledText[] = [
      { text: '', label: 'empty', group: null },
      { text: ' ', label: 'empty', group: null },
      { text: 'qwerty', label: '__proto__', group: null },
      { text: '混合 mixed 123', label: 'b', group: null },
      { text: 'zzz', label: 'b', group: null },
    ];
    const { artifact, metrics } = await trainClassifier({ samples: odd, seed: 3 });
    const { label, probabilities } = loadClassifier(encodeArtifact(artifact)).classify('anything');
    expect(artifact.labels).toEqual(['__proto__', 'b', 'empty']);
    expect(artifact.labels).toContain(label);
    expect(Object.values(probabilities).every((p) => Number.isFinite(p))).toBe(true);
    expect(metrics.crossValidated.n).toBe(5);
  });
});

describe('a classifier', () => {
  it('gives probabilities that sum to 1 and the label with the highest', () => {
    const classifier = loadClassifier(bytes);
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const { label, probabilities } = classifier.classify(text);
        expect(Object.keys(probabilities)).toEqual(['ham', 'spam']);
        expect(Object.values(probabilities).reduce((a, b) => a + b)).toBeCloseTo(1, 12);
        expect(probabilities[label]).toBe(Math.max(...Object.values(probabilities)));
        expect(classifier.classify(text)).toEqual({ label, probabilities });
      }),
    );
  });

  it('is evaluated on labels it does not know as wrong', () => {
    const metrics = evaluateClassifier(trained.artifact, [{ text: 'x', label: 'never seen' }]);
    expect(metrics).toMatchObject({ accuracy: 0, n: 1, confusion: { 'never seen': { 'never seen': 0 } } });
    expect(evaluateClassifier(trained.artifact, [])).toMatchObject({ accuracy: 0, ece: 0, n: 0 });
  });
});

describe('artifacts', () => {
  it('survive being stored', () => {
    expect(decodeArtifact(bytes)).toEqual(trained.artifact);
    expect(encodeArtifact(decodeArtifact(bytes))).toEqual(bytes);
    expect(decodeArtifact(bytes)).toMatchObject({
      labels: ['ham', 'spam'],
      seed: 7,
      trainedOn: 'abc',
    } satisfies Partial<ClassifierArtifact>);
  });

  it('that are damaged say so, and nothing else happens', () => {
    const damages = fc.oneof(
      fc.nat(bytes.length - 1).map((length) => bytes.slice(0, length)),
      fc.uint8Array({ minLength: 1 }).map((more) => Uint8Array.from([...bytes, ...more])),
      fc.uint8Array(),
    );
    fc.assert(
      fc.property(damages, (damaged) => {
        expect(codeOf(() => decodeArtifact(damaged))).toBe('invalid_file');
      }),
    );
  });

  it('with a changed byte are refused or still give probabilities', () => {
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const changed = bytes.map((byte, i) => (i === at ? byte ^ flip : byte));
        const outcome = codeOf(() => {
          const { probabilities } = loadClassifier(changed).classify('call now');
          expect(Object.values(probabilities).every((p) => p >= 0 && p <= 1)).toBe(true);
        });
        expect(['fine', 'invalid_file']).toContain(outcome);
      }),
      { numRuns: 60 },
    );
  });

  it('of another version say what to do', () => {
    const other = bytes.map((byte, i) => (i === 4 ? 99 : byte));
    expect(() => decodeArtifact(other)).toThrow(/another version of Riskflow/);
  });
});

function codeOf(action: () => void): string {
  try {
    action();
    return 'fine';
  } catch (error) {
    if (isRiskflowError(error)) return error.code;
    throw error;
  }
}
