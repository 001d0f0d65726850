import type { PublishedFlow } from '../../runtime/index.ts';
import type { Pairs } from './pairs.ts';

type Plan = PublishedFlow['plan'];

/**
 * Divides `--map-model` among several flows: each gets what it asks for, so that nothing is said to be replaced where nothing was. What
 * none of them asks for goes to all, and is refused there.
 */
export function modelMapsOf(plans: readonly Plan[], map: Pairs): readonly Pairs[] {
  const asked = plans.map(modelsOf);
  const unknown = (from: string): boolean => !asked.some((models) => models.some((model) => mayBe(model, from)));
  return asked.map((models) =>
    Object.fromEntries(Object.entries(map).filter(([from]) => unknown(from) || models.some((model) => mayBe(model, from)))),
  );
}

const modelsOf = (plan: Plan): readonly string[] =>
  plan.nodes.flatMap(({ behaviour: { config } }) => ('model' in config ? [`${config.model.provider}/${config.model.name}`] : []));

/** A provider has a long id, which ends in the short one: langgenius/openai/openai and openai. */
const mayBe = (model: string, from: string): boolean => model === from || model.endsWith(`/${from}`) || from.endsWith(`/${model}`);
