import { ErrorCode, type ModelAbility } from '../schemas/core.ts';
import { mapModel, type ModelMap } from './model-map.ts';
import type { PriceTable } from './openai/price.ts';
import { isClassifierProvider, isOpenAiItself, isOpenAiProvider, shortProviderId, type ModelName } from './provider-names.ts';

/** What models cannot do, by name; "*" is every other. */
export type AbilityGaps = Readonly<Record<string, readonly ModelAbility[]>>;

/** An OpenAI-compatible endpoint of the configuration (`models:`), by provider id. */
export type ProviderSettings = {
  readonly baseUrl: string;
  /** Name of the environment variable that holds the key; null for an endpoint without keys. */
  readonly apiKeyEnv: string | null;
  readonly prices: PriceTable;
  /** Calls that may start in a second. Default: as many as there are. */
  readonly callsPerSecond?: number;
  readonly without?: AbilityGaps;
};

export type ModelSettings = {
  /** OPENAI_BASE_URL and OPENAI_API_KEY, undefined where they are not set, and prices for models behind them. */
  readonly openai: {
    readonly baseUrl: string | undefined;
    readonly apiKey: string | undefined;
    readonly prices: PriceTable;
    readonly without?: AbilityGaps;
  };
  readonly providers: Readonly<Record<string, ProviderSettings>>;
  readonly map: ModelMap;
  /** The value of an environment variable that `apiKeyEnv` names. */
  readonly readKey: (variable: string) => string | undefined;
};

/** What serves a model. */
export type ModelTarget =
  | { readonly kind: 'classifier'; readonly model: string; readonly set: string; readonly split: string }
  | {
      readonly kind: 'openai';
      readonly model: string;
      readonly baseUrl: string;
      readonly apiKey: string | null;
      readonly prices: PriceTable;
      readonly callsPerSecond?: number;
      /** What the model cannot do. */
      readonly without: readonly ModelAbility[];
    };

/** Why a model cannot be served: one sentence, and how to mend it. */
export type ModelProblem = { readonly code: 'unknown_model' | 'missing_key' | 'usage'; readonly message: string; readonly hint: string };

export type ModelResolution =
  | {
      readonly ok: true;
      readonly target: ModelTarget;
      /** The model after the map, which is the given one when nothing was mapped. */ readonly served: ModelName;
    }
  | { readonly ok: false; readonly problem: ModelProblem };

const OPENAI_URL = 'https://api.openai.com/v1';

/** Finds what serves a flow's model. Nothing is swapped in silently: without an entry, a key or a mapping it is a problem. */
export function resolveModel(model: ModelName, settings: ModelSettings): ModelResolution {
  const configured = Object.keys(settings.providers);
  const served = mapModel(model, settings.map, configured);
  const provider = configuredProvider(served.provider, settings);
  if (isClassifierProvider(served.provider)) return classifierTarget(served);
  if (provider !== undefined) return providerTarget(served, provider, settings);
  if (isOpenAiProvider(served.provider)) return openAiTarget(served, settings);
  return problem(ErrorCode.unknownModel, `nothing here serves the provider "${served.provider}" (model "${served.name}")`, waysFor(served));
}

function configuredProvider(id: string, { providers }: ModelSettings): ProviderSettings | undefined {
  const entry = Object.entries(providers).find(([name]) => shortProviderId(name) === shortProviderId(id));
  return entry?.[1];
}

function classifierTarget(served: ModelName): ModelResolution {
  const at = served.name.lastIndexOf('@');
  const [set, split] = [served.name.slice(0, Math.max(at, 0)), served.name.slice(at + 1)];
  if (set === '' || split === '') {
    return problem(
      ErrorCode.unknownModel,
      `the classifier model "${served.name}" names no split of a sample set`,
      'Write it as SET@SPLIT, such as sms@tune.',
    );
  }
  return { ok: true, served, target: { kind: 'classifier', model: served.name, set, split } };
}

function providerTarget(served: ModelName, provider: ProviderSettings, { readKey }: ModelSettings): ModelResolution {
  const { baseUrl, apiKeyEnv, prices, callsPerSecond, without } = provider;
  const apiKey = apiKeyEnv === null ? null : (readKey(apiKeyEnv)?.trim() ?? '');
  if (apiKey === '') {
    return problem(
      ErrorCode.missingKey,
      `there is no key for the provider "${served.provider}" (model "${served.name}")`,
      `Set the environment variable ${apiKeyEnv}, or give --map-model ${textOf(served)}=TO.`,
    );
  }
  const setting = `the base URL of the provider "${served.provider}"`;
  return endpointTarget(served, {
    baseUrl,
    apiKey,
    prices,
    setting,
    without: gapsOf(served, without),
    ...(callsPerSecond === undefined ? {} : { callsPerSecond }),
  });
}

function openAiTarget(served: ModelName, { openai }: ModelSettings): ModelResolution {
  const baseUrl = openai.baseUrl?.trim() ?? '';
  const apiKey = openai.apiKey?.trim() ?? '';
  if (baseUrl === '' && !isOpenAiItself(served.provider)) {
    return problem(
      ErrorCode.unknownModel,
      `no endpoint is set for the provider "${served.provider}" (model "${served.name}")`,
      `Set OPENAI_BASE_URL (and OPENAI_API_KEY where it needs one), or give --map-model ${textOf(served)}=TO.`,
    );
  }
  if (apiKey === '' && (baseUrl === '' || !isLoopback(baseUrl))) {
    return problem(
      ErrorCode.missingKey,
      `there is no key for the model "${served.name}" of the provider "${served.provider}"`,
      `Set OPENAI_API_KEY, or OPENAI_BASE_URL to an endpoint on this machine, or give --map-model ${textOf(served)}=TO.`,
    );
  }
  return endpointTarget(served, {
    baseUrl: baseUrl === '' ? OPENAI_URL : baseUrl,
    apiKey: apiKey === '' ? null : apiKey,
    prices: openai.prices,
    setting: 'OPENAI_BASE_URL',
    without: gapsOf(served, openai.without),
  });
}

const gapsOf = ({ name }: ModelName, gaps: AbilityGaps = {}): readonly ModelAbility[] =>
  (Object.hasOwn(gaps, name) ? gaps[name] : gaps['*']) ?? [];

type Endpoint = Omit<Extract<ModelTarget, { readonly kind: 'openai' }>, 'kind' | 'model'> & { readonly setting: string };

function endpointTarget(served: ModelName, { setting, ...endpoint }: Endpoint): ModelResolution {
  const complaint = complaintAboutUrl(endpoint.baseUrl);
  if (complaint !== undefined)
    return problem(ErrorCode.usage, `${setting} ${complaint}`, 'Give it as in http://127.0.0.1:8000/v1 or https://api.example.com/v1.');
  return { ok: true, served, target: { kind: 'openai', model: served.name, ...endpoint } };
}

// The URL itself is not repeated: it may hold a password.
function complaintAboutUrl(text: string): string | undefined {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) return 'is not an http or https URL';
  return url.username !== '' || url.password !== '' ? 'holds a user name or password; keys are given separately' : undefined;
}

/** Whether a URL names this machine: localhost, 127.0.0.0/8 or ::1. */
export function isLoopback(baseUrl: string): boolean {
  const host = URL.parse(baseUrl)?.hostname ?? '';
  return host === 'localhost' || host.endsWith('.localhost') || host === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(host);
}

const textOf = ({ provider, name }: ModelName): string => `${provider}/${name}`;

const waysFor = (served: ModelName): string =>
  `Add an entry "${served.provider}" under models: in the configuration, or replace the model with --map-model ${textOf(served)}=TO (such as openai/gpt-4o-mini or riskflow/classifier/SET@SPLIT).`;

const problem = (code: ModelProblem['code'], message: string, hint: string): ModelResolution => ({
  ok: false,
  problem: { code, message, hint },
});
