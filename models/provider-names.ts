/** A model as a flow names it: a provider's id and the name of one of its models. */
export type ModelName = { readonly provider: string; readonly name: string };

const CLASSIFIER = 'riskflow/classifier';
const OPENAI = 'openai';
const COMPATIBLE = 'openai_api_compatible';

/** Dify's long ids (`organisation/plugin/provider`) beside the short ones of older files and of people. */
const SHORT_IDS: ReadonlyMap<string, string> = new Map([['riskflow/riskflow/classifier', CLASSIFIER]]);

/**
 * One id for the two that Dify uses for a provider of its own: `langgenius/tongyi/tongyi` is `tongyi`. Other organisations' plugins
 * keep their long id, since their short names are not theirs alone.
 */
export function shortProviderId(provider: string): string {
  const [organisation, plugin, name, ...rest] = provider.split('/');
  if (organisation === 'langgenius' && plugin !== undefined && plugin === name && rest.length === 0) return plugin;
  return SHORT_IDS.get(provider) ?? provider;
}

export const isClassifierProvider = (provider: string): boolean => shortProviderId(provider) === CLASSIFIER;

/** Providers which the endpoint of OPENAI_BASE_URL serves. */
export const isOpenAiProvider = (provider: string): boolean => [OPENAI, COMPATIBLE].includes(shortProviderId(provider));

export const isOpenAiItself = (provider: string): boolean => shortProviderId(provider) === OPENAI;

/** `provider/name`, with the short id. Names of models may hold slashes too. */
export const modelText = ({ provider, name }: ModelName): string => `${shortProviderId(provider)}/${name}`;

/**
 * Reads `provider/name`. Both may hold slashes, so a known provider's id wins, the longest first; otherwise four parts or more begin
 * with a long id, and fewer with a short one. Undefined when a part is missing.
 *
 * @param configured ids of the providers of the configuration.
 */
export function readModelText(text: string, configured: readonly string[] = []): ModelName | undefined {
  const known = [...configured, 'riskflow/riskflow/classifier', CLASSIFIER, OPENAI, COMPATIBLE].toSorted((a, b) => b.length - a.length);
  const found = known.find((provider) => text.startsWith(`${provider}/`));
  const parts = text.split('/');
  const provider = found ?? parts.slice(0, parts.length >= 4 ? 3 : 1).join('/');
  const name = text.slice(provider.length + 1);
  return provider === '' || name === '' ? undefined : { provider, name };
}
