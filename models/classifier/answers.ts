import type { EffectFailure, TextClassifier } from '../../schemas/core.ts';

export type ClassifierAnswer<T> = { readonly ok: true; readonly answer: T } | { readonly ok: false; readonly failure: EffectFailure };

type Classes = readonly { readonly id: string; readonly name: string }[];

/**
 * A question-classifier node's answer by a trained classifier: the class whose name equals the label. A failure when a label has no
 * class: the node could then not say what the classifier knows.
 */
export function classOfText(
  classifier: TextClassifier,
  text: string,
  classes: Classes,
): ClassifierAnswer<{ readonly classId: string; readonly className: string; readonly probability: number }> {
  const idOf = new Map(classes.toReversed().map(({ id, name }) => [name.trim(), id]));
  const missing = classifier.labels.filter((label) => !idOf.has(label.trim()));
  if (missing.length > 0) {
    return failed(
      `The classifier knows the labels ${quoted(missing)}, but no class of the node has that name (its classes are ${quoted(classes.map(({ name }) => name))}).`,
    );
  }
  const { label, probabilities } = classifier.classify(text);
  return { ok: true, answer: { classId: idOf.get(label.trim()) ?? '', className: label.trim(), probability: probabilities[label] ?? 0 } };
}

/**
 * An llm node's answer by a trained classifier: JSON text with the label in the one property that the node's schema restricts to a
 * list of texts (`enum`). A failure for any other node, since a classifier writes no texts.
 */
export function enumAnswer(classifier: TextClassifier, text: string, schema: unknown): ClassifierAnswer<string> {
  const property = enumProperty(schema);
  if (property === undefined) {
    return failed(
      'A classifier serves an llm node only when its structured output is an object whose one required property has an enum of the labels.',
    );
  }
  const missing = classifier.labels.filter((label) => !property.values.includes(label));
  if (missing.length > 0)
    return failed(`The classifier knows the labels ${quoted(missing)}, which are not in the enum of "${property.name}".`);
  return { ok: true, answer: JSON.stringify({ [property.name]: classifier.classify(text).label }) };
}

function enumProperty(schema: unknown): { readonly name: string; readonly values: readonly unknown[] } | undefined {
  const { properties, required } = record(schema);
  const restricted = Object.entries(record(properties)).flatMap(([name, property]) => {
    const values = record(property)['enum'];
    return Array.isArray(values) ? [{ name, values: values as readonly unknown[] }] : [];
  });
  const [only, ...others] = restricted;
  if (only === undefined || others.length > 0) return undefined;
  const demanded: readonly unknown[] = Array.isArray(required) ? required : [];
  return demanded.every((name) => name === only.name) ? only : undefined;
}

const record = (value: unknown): Readonly<Record<string, unknown>> => (typeof value === 'object' && value !== null ? { ...value } : {});
const quoted = (texts: readonly string[]): string => texts.map((text) => `"${text}"`).join(', ');
const failed = (message: string): { readonly ok: false; readonly failure: EffectFailure } => ({
  ok: false,
  failure: { message, type: 'InvokeBadRequestError', retryable: false },
});
