import { ErrorCode, RiskflowError, canonicalJson } from '../../schemas/core.ts';
import { createByteReader, createByteWriter } from './bytes.ts';
import { FEATURE_SPACE, FEATURES_VERSION } from './features.ts';
import type { Vocabulary } from './sparse-rows.ts';

/** Everything needed to classify texts, and nothing of the texts it was trained on but hashes of their n-grams. */
export type ClassifierArtifact = {
  /** Sorted by code units. */
  readonly labels: readonly string[];
  readonly vocabulary: Vocabulary;
  /**
   * `weights[column × (labels − 1) + k]` of label k relative to the last label, whose own are all zero; after the columns come the
   * biases.
   */
  readonly weights: Float32Array;
  /** Scores are divided by it before they become probabilities. */
  readonly temperature: number;
  /** C of logistic regression, as cross-validation chose it. */
  readonly looseness: number;
  readonly seed: number;
  /** What it was trained on, as the caller names it (the hash of a sample set's version), or null. */
  readonly trainedOn: string | null;
};

const MAGIC = 0x52465443; // "RFTC"
const FORMAT = 1;

type Header = Omit<ClassifierArtifact, 'vocabulary' | 'weights'> & {
  readonly features: number;
  readonly texts: number;
  readonly columns: number;
};

/**
 * The stored form: the magic number and the format's version, a header in canonical JSON, the buckets as differences, the document
 * counts, and the weights as 32-bit floats, all little-endian. Equal artifacts give equal bytes on every machine.
 */
export function encodeArtifact(artifact: ClassifierArtifact): Uint8Array {
  const { vocabulary, weights, labels, temperature, looseness, seed, trainedOn } = artifact;
  const writer = createByteWriter();
  writer.uint32(MAGIC);
  writer.varint(FORMAT);
  const columns = vocabulary.buckets.length;
  writer.text(
    canonicalJson({ labels, temperature, looseness, seed, trainedOn, features: FEATURES_VERSION, texts: vocabulary.size, columns }),
  );
  let before = -1;
  for (const bucket of vocabulary.buckets) {
    writer.varint(bucket - before - 1);
    before = bucket;
  }
  for (const documents of vocabulary.documents) writer.varint(documents);
  for (const weight of weights) writer.float32(weight);
  return writer.bytes();
}

/** Reads what `encodeArtifact` wrote. @throws RiskflowError `invalid_file` when the bytes are damaged or of another version. */
export function decodeArtifact(bytes: Uint8Array): ClassifierArtifact {
  const reader = createByteReader(bytes, damaged);
  if (reader.uint32() !== MAGIC) throw damaged('it does not begin like one');
  if (reader.varint() !== FORMAT) throw otherVersion();
  const header = readHeader(reader.text());
  const weightCount = (header.columns + 1) * (header.labels.length - 1);
  // Before memory is taken for what cannot be there.
  if (weightCount * 4 > bytes.length || header.columns > FEATURE_SPACE) throw damaged('it ends too early');
  const buckets = new Int32Array(header.columns);
  let before = -1;
  for (let i = 0; i < header.columns; i++) {
    before += reader.varint() + 1;
    if (before >= FEATURE_SPACE) throw damaged('a feature lies outside the space of features');
    buckets[i] = before;
  }
  const documents = buckets.map(() => reader.varint());
  const weights = new Float32Array(weightCount).map(() => reader.float32());
  reader.end();
  if (!weights.every(Number.isFinite)) throw damaged('a weight is not a number');
  const { labels, temperature, looseness, seed, trainedOn } = header;
  return { labels, vocabulary: { buckets, documents, size: header.texts }, weights, temperature, looseness, seed, trainedOn };
}

function readHeader(text: string): Header {
  const header = parseObject(text);
  if (header['features'] !== FEATURES_VERSION) throw otherVersion();
  const { labels, temperature, looseness, seed, trainedOn, texts, columns } = header;
  const valid =
    isLabels(labels) &&
    isPositive(temperature) &&
    isPositive(looseness) &&
    Number.isSafeInteger(seed) &&
    isCount(texts) &&
    isCount(columns) &&
    (trainedOn === null || typeof trainedOn === 'string');
  if (!valid) throw damaged('its header is not valid');
  return { labels, temperature, looseness, seed: Number(seed), trainedOn, texts, columns, features: FEATURES_VERSION };
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? { ...parsed } : {};
  } catch (cause) {
    throw damaged('its header is not JSON', cause);
  }
}

const isLabels = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.length >= 2 && value.every((label) => typeof label === 'string') && new Set(value).size === value.length;
const isPositive = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value) && value > 0;
const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 2 ** 31 - 1;

const damaged = (why: string, cause?: unknown): RiskflowError =>
  new RiskflowError(ErrorCode.invalidFile, `the classifier's artifact is damaged: ${why}`, {
    hint: 'Train it again: ./riskflow model train SET@SPLIT',
    cause,
  });

const otherVersion = (): RiskflowError =>
  new RiskflowError(ErrorCode.invalidFile, "the classifier's artifact was made by another version of Riskflow", {
    hint: 'Train it again: ./riskflow model train SET@SPLIT',
  });
