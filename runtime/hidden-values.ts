import { namedVariables, type Settings } from './settings.ts';

/** Values that must never show up anywhere: keys and passwords of the settings, and whatever the variables hold that the configuration names. */
export function hiddenValues({ openai, storage, config, environment }: Settings): readonly string[] {
  const named = namedVariables(config).map((name) => environment[name]);
  const all = [openai.apiKey, storage.kind === 'mysql' ? storage.password : undefined, ...named];
  return all.filter((value) => value !== undefined);
}
