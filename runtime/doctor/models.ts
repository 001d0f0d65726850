import { messageOf } from '../../schemas/index.ts';
import { valueOf } from '../configuration/attempt.ts';
import { ok, problem, warning, type Judgement, type Subject, type Surroundings } from './finding.ts';
import { within, type Answer } from './within.ts';

type Endpoint = {
  /** As people know it: a provider, or OPENAI_BASE_URL. */
  readonly name: string;
  readonly baseUrl: string;
  readonly apiKey: string | undefined;
  /** Where the key is set. */
  readonly keySetting: string;
};

/** What an endpoint answers to the question for its models. */
export type ListAnswer = {
  readonly status: number;
  /** How many it lists; undefined when it does not answer with a list. */
  readonly models: number | undefined;
};

const OPENAI_URL = 'https://api.openai.com/v1';

export const models: Subject = {
  name: 'models',
  examine: async (surroundings) => {
    const endpoints = endpointsOf(surroundings);
    if (endpoints.length === 0) return [ok('endpoints', 'none is set, which only flows that ask language models need')];
    const { timeoutMs } = surroundings;
    return Promise.all(
      endpoints.map(async (endpoint) => judgeEndpoint(await within(timeoutMs, listModels(endpoint, timeoutMs)), endpoint)),
    );
  },
};

function endpointsOf({ reading }: Surroundings): readonly Endpoint[] {
  const { baseUrl, apiKey } = reading.openai?.value ?? {};
  const openai =
    baseUrl === undefined && apiKey === undefined
      ? []
      : [{ name: 'openai', baseUrl: baseUrl ?? OPENAI_URL, apiKey, keySetting: 'OPENAI_API_KEY' }];
  const others = Object.entries(reading.file.config.models ?? {}).map(([name, { baseUrl: url, apiKeyEnv }]) => ({
    name,
    baseUrl: url,
    apiKey: apiKeyEnv === undefined ? undefined : valueOf(reading.environment, apiKeyEnv),
    keySetting: apiKeyEnv ?? `models.${name}.apiKeyEnv`,
  }));
  return [...openai, ...others];
}

/** Asks for the list of models, which costs nothing. */
async function listModels({ baseUrl, apiKey }: Endpoint, timeoutMs: number): Promise<ListAnswer> {
  const headers = { accept: 'application/json', ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }) };
  const response = await fetch(`${baseUrl.replace(/\/+$/, '')}/models`, { headers, signal: AbortSignal.timeout(timeoutMs) });
  const body: unknown = await response.json().catch(() => undefined);
  const list = typeof body === 'object' && body !== null && 'data' in body ? body.data : undefined;
  return { status: response.status, models: Array.isArray(list) ? list.length : undefined };
}

export function judgeEndpoint(answer: Answer<ListAnswer>, { name, baseUrl, apiKey, keySetting }: Endpoint): Judgement {
  const place = placeOf(baseUrl);
  if (answer === 'late' || ('error' in answer && answer.error instanceof Error && answer.error.name === 'TimeoutError'))
    return problem(name, `${place} did not answer in time`, 'see that it runs, and that no firewall or proxy is between');
  if ('error' in answer) return problem(name, `${place} cannot be reached: ${reasonOf(answer.error)}`, 'start it, or mend its address');
  const { status, models: count } = answer.value;
  if (status === 401 || status === 403) {
    if (apiKey === undefined) return problem(name, `${place} wants a key, and none is set`, `set ${keySetting}`);
    return problem(name, `${place} refuses the key (HTTP ${status})`, `set ${keySetting} to a key that is valid there`);
  }
  if (status >= 500 || status === 429) return warning(name, `${place} answers with HTTP ${status}`, 'try again later, or look at its log');
  // Not every endpoint lists its models.
  if (status === 404 || status === 405) return ok(name, `${place} answers, and does not list its models`);
  if (status >= 300)
    return warning(name, `${place} answers with HTTP ${status}`, 'see that the address is the one under which /models lies');
  return ok(name, count === undefined ? `${place} answers` : `${place} has ${count} models`);
}

/** The address without what may be secret in it. */
function placeOf(baseUrl: string): string {
  const url = URL.parse(baseUrl);
  return url === null ? 'the address' : `${url.origin}${url.pathname}`;
}

/** fetch keeps the reason behind a general sentence. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const text = cause instanceof Error ? cause.message : messageOf(error);
  return text === '' ? code : text;
}
