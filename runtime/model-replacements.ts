import { modelsOf, type Plan } from '../flow/index.ts';
import { mapModel, readModelText } from '../models/index.ts';
import { RiskflowError, type RunStarted } from '../schemas/index.ts';
import type { Settings } from './settings.ts';

/** `--map-model FROM=TO` by FROM. */
export type ModelMap = Readonly<Record<string, string>>;

/** What a map means for the models of a plan. @throws RiskflowError `usage` for a FROM that no node names, or a text that is no model. */
export function modelReplacements(plan: Plan, map: ModelMap, settings: Settings): RunStarted['data']['modelMap'] {
  const configured = Object.keys(settings.config.models ?? {});
  for (const text of Object.entries(map).flat()) {
    if (readModelText(text, configured) === undefined) {
      throw new RiskflowError('usage', `--map-model: "${text}" does not name a model`, {
        hint: 'write PROVIDER/MODEL=PROVIDER/MODEL, such as openai/gpt-4o=riskflow/classifier/sms@tune',
      });
    }
  }
  const models = modelsOf(plan, {}).map(({ model }) => model);
  const replacements = models.flatMap((model) => {
    const replacement = mapModel(model, map, configured);
    return replacement === model
      ? []
      : [[`${model.provider}/${model.name}`, { provider: replacement.provider, name: replacement.name }] as const];
  });
  return Object.fromEntries(replacements);
}

/** Names a FROM that none of the plans' models answers to. */
export function checkModelMap(plans: readonly Plan[], map: ModelMap, settings: Settings): void {
  const configured = Object.keys(settings.config.models ?? {});
  const models = plans.flatMap((plan) => modelsOf(plan, {}).map(({ model }) => model));
  for (const [from, to] of Object.entries(map)) {
    if (models.some((model) => mapModel(model, { [from]: to }, configured) !== model)) continue;
    const known = [...new Set(models.map((model) => `${model.provider}/${model.name}`))];
    throw new RiskflowError('usage', `--map-model ${from}=${to}: no node uses the model ${from}`, {
      hint: known.length === 0 ? 'the flow uses no models' : `the models are: ${known.join(', ')}`,
    });
  }
}
