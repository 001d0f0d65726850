/** Parameters of a chat completion as the API names them. */
export type CompletionParams = {
  temperature?: number;
  top_p?: number;
  max_tokens?: number;
  max_completion_tokens?: number;
  presence_penalty?: number;
  frequency_penalty?: number;
  seed?: number;
  stop?: readonly string[];
  reasoning_effort?: string;
  response_format?: ResponseFormat;
};

export type ResponseFormat =
  | { readonly type: 'text' | 'json_object' }
  | { readonly type: 'json_schema'; readonly json_schema: Readonly<Record<string, unknown>> & { readonly name: string } };

export type MappedParams = {
  readonly params: CompletionParams;
  /** What was left out and why, one sentence each. */
  readonly warnings: readonly string[];
};

const NUMBERS = new Set<string>([
  'temperature',
  'top_p',
  'max_tokens',
  'max_completion_tokens',
  'presence_penalty',
  'frequency_penalty',
  'seed',
]);
const FORMATS = new Set<unknown>(['text', 'json_object', 'json_schema']);
/** OpenAI's reasoning models refuse `max_tokens` and want the other name. */
const REASONING_MODEL = /^(?:o\d|gpt-[5-9])/;

/**
 * Maps Dify's `completion_params` to the API's. What the API does not know, or could not read, is left out with a warning: a flow
 * imported from elsewhere may hold parameters of another provider.
 *
 * @param schema JSON schema of the answer, or null. It takes precedence over a `response_format` among the parameters.
 */
export function mapCompletionParams(given: Readonly<Record<string, unknown>>, model: string, schema: unknown = null): MappedParams {
  const params: CompletionParams = {};
  const warnings: string[] = [];
  for (const [name, value] of Object.entries(given)) {
    if (value === null || value === undefined) continue;
    const problem = setParam(params, { name, value, all: given });
    if (problem !== undefined) warnings.push(problem);
  }
  if (REASONING_MODEL.test(model) && params.max_tokens !== undefined) {
    params.max_completion_tokens ??= params.max_tokens;
    delete params.max_tokens;
  }
  if (isRecord(schema)) params.response_format = schemaFormat({ schema });
  return { params, warnings };
}

type Given = { readonly name: string; readonly value: unknown; readonly all: Readonly<Record<string, unknown>> };

/** Returns what is wrong, if anything. */
function setParam(params: CompletionParams, { name, value, all }: Given): string | undefined {
  if (NUMBERS.has(name)) return setNumber(params, name, value);
  switch (name) {
    case 'stop':
      return setStop(params, value);
    case 'reasoning_effort':
      if (typeof value !== 'string') return `reasoning_effort must be a text; it is left out`;
      params.reasoning_effort = value;
      return undefined;
    case 'response_format':
      return setFormat(params, value, all['json_schema']);
    case 'json_schema':
      // Read together with response_format, without which it means nothing.
      return all['response_format'] === undefined ? 'json_schema has no response_format beside it; it is left out' : undefined;
    default:
      return `${name} is not a parameter of OpenAI-compatible endpoints; it is left out`;
  }
}

function setNumber(params: CompletionParams, name: string, value: unknown): string | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isFinite(number)) return `${name} must be a number; it is left out`;
  Object.assign(params, { [name]: number });
  return undefined;
}

function setStop(params: CompletionParams, value: unknown): string | undefined {
  const stops = typeof value === 'string' ? [value] : value;
  if (!Array.isArray(stops) || !stops.every((stop) => typeof stop === 'string'))
    return 'stop must be a text or a list of texts; it is left out';
  const kept = stops.filter((stop) => stop !== '').slice(0, 4);
  if (kept.length > 0) params.stop = kept;
  return stops.length > 4 ? 'stop may hold four texts; the others are left out' : undefined;
}

function setFormat(params: CompletionParams, value: unknown, schema: unknown): string | undefined {
  const type = isRecord(value) ? value['type'] : value;
  if (!FORMATS.has(type)) return 'response_format must be text, json_object or json_schema; it is left out';
  if (type !== 'json_schema') {
    params.response_format = { type: type === 'text' ? 'text' : 'json_object' };
    return undefined;
  }
  const given = isRecord(value) && value['json_schema'] !== undefined ? value['json_schema'] : schema;
  const parsed = typeof given === 'string' ? parseRecord(given) : given;
  if (!isRecord(parsed)) return 'response_format json_schema needs a json_schema that is an object; it is left out';
  params.response_format = schemaFormat(isRecord(parsed['schema']) ? parsed : { schema: parsed });
  return undefined;
}

/** The name is required by the API and has no meaning. */
const schemaFormat = (definition: Readonly<Record<string, unknown>>): ResponseFormat => ({
  type: 'json_schema',
  json_schema: { ...definition, name: typeof definition['name'] === 'string' ? definition['name'] : 'answer' },
});

function parseRecord(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
