import { modelsOf, type Plan } from '../flow/index.ts';
import { paramWarnings } from '../models/index.ts';
import { decodeValue, toJsonText, type Json } from '../schemas/index.ts';

/** What the models of a plan will not be told, once per node: parameters that their endpoints do not know or could not read. */
export const modelWarnings = (plan: Plan): readonly string[] =>
  modelsOf(plan, {}).flatMap(({ node, model }) =>
    paramWarnings(model, plainParams(model.params)).map(
      (warning) => `node ${named(node)}: model ${model.provider}/${model.name}: ${warning}`,
    ),
  );

const named = ({ id, title }: { readonly id: string; readonly title: string }): string => (title === id ? `"${id}"` : `"${title}" (${id})`);

function plainParams(params: Json): Readonly<Record<string, unknown>> {
  const plain: unknown = JSON.parse(toJsonText(decodeValue(params)));
  return typeof plain === 'object' && plain !== null && !Array.isArray(plain) ? (plain as Readonly<Record<string, unknown>>) : {};
}
