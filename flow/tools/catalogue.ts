import type { ToolDescription, ToolParameter } from '../../schemas/core.ts';

type Optional = Partial<Pick<ToolParameter, 'default' | 'options' | 'type'>>;
const needed = (name: string, description: string, more: Optional = {}): ToolParameter => ({
  name,
  description,
  required: true,
  type: 'string',
  ...more,
});
const optional = (name: string, description: string, more: Optional = {}): ToolParameter => ({
  ...needed(name, description, more),
  required: false,
});

const tool = (
  provider: string,
  name: string,
  about: Pick<ToolDescription, 'description' | 'parameters'> & Partial<Pick<ToolDescription, 'outputs' | 'acts'>>,
): ToolDescription => ({ provider, name, outputs: [], acts: false, ...about });

const content = needed('content', 'The JSON text to work on.');
const ensureAscii = optional('ensure_ascii', 'Whether characters beyond ASCII are written as \\uXXXX.', { type: 'boolean', default: true });
const decodeNewValue = optional('value_decode', 'Whether the new value is JSON text.', { type: 'boolean', default: false });
const localTime = 'as 2024-01-31 08:30:00';

/**
 * The tools that come with Riskflow. Providers `time`, `json_process` and `regex` are those of Dify, with its names of tools and
 * parameters; `riskflow` is its own.
 */
export const BUILT_IN_TOOLS: readonly ToolDescription[] = [
  tool('time', 'current_time', {
    description: 'The current time.',
    parameters: [
      optional('format', 'How it is written, as strftime has it.', { default: '%Y-%m-%d %H:%M:%S' }),
      optional('timezone', 'A time zone, such as Asia/Shanghai.', { default: 'UTC' }),
    ],
  }),
  tool('time', 'localtime_to_timestamp', {
    description: 'Seconds since 1970 of a local time.',
    parameters: [
      needed('localtime', `The local time, ${localTime}.`),
      optional('timezone', 'Its time zone.', { default: 'Asia/Shanghai' }),
    ],
  }),
  tool('time', 'timestamp_to_localtime', {
    description: 'The local time of seconds since 1970.',
    parameters: [
      needed('timestamp', 'Seconds since 1970.', { type: 'number' }),
      optional('timezone', 'The time zone wanted.', { default: 'Asia/Shanghai' }),
    ],
  }),
  tool('time', 'timezone_conversion', {
    description: 'A local time in another time zone.',
    parameters: [
      needed('current_time', `The local time, ${localTime}.`),
      needed('current_timezone', 'Its time zone.', { default: 'Asia/Shanghai' }),
      needed('target_timezone', 'The time zone wanted.', { default: 'Asia/Tokyo' }),
    ],
  }),
  tool('time', 'weekday', {
    description: 'The day of the week of a date.',
    parameters: [
      needed('year', 'Year', { type: 'number' }),
      needed('month', 'Month, 1 to 12', { type: 'number' }),
      needed('day', 'Day of the month', { type: 'number' }),
    ],
  }),
  tool('json_process', 'parse', {
    description: 'The parts of JSON text that a JSONPath finds.',
    parameters: [content, needed('json_filter', 'A JSONPath, such as $.items[*].id.'), ensureAscii],
  }),
  tool('json_process', 'json_insert', {
    description: 'JSON text with a value inserted where a JSONPath leads.',
    parameters: [
      content,
      needed('query', 'A JSONPath of an object, a list or a value.'),
      needed('new_value', 'What is inserted.'),
      decodeNewValue,
      optional('create_path', 'Whether a path that is not there is made.', { default: 'False', options: ['True', 'False'] }),
      optional('index', 'Where in a list it is inserted; at its end when left out.', { type: 'number' }),
      ensureAscii,
    ],
  }),
  tool('json_process', 'json_delete', {
    description: 'JSON text without what a JSONPath finds.',
    parameters: [content, needed('query', 'A JSONPath of what is taken away.'), ensureAscii],
  }),
  tool('json_process', 'json_replace', {
    description: 'JSON text with what a JSONPath finds replaced.',
    parameters: [
      content,
      needed('query', 'A JSONPath of what is replaced.'),
      optional('replace_pattern', 'The text that is replaced within texts, for the model "pattern".'),
      needed('replace_value', 'What takes its place.'),
      needed('replace_model', 'Whether a key, a whole value or a text within values is replaced.', {
        default: 'pattern',
        options: ['key', 'value', 'pattern'],
      }),
      decodeNewValue,
      ensureAscii,
    ],
  }),
  tool('regex', 'regex_extract', {
    description: 'All matches of a regular expression in a text.',
    parameters: [
      needed('content', 'The text.'),
      needed('expression', 'A regular expression of RE2, which takes time in proportion to the text.'),
    ],
  }),
  tool('riskflow', 'list_match', {
    description: 'Which entries of a list of words or phrases are in a text.',
    parameters: [
      needed('content', 'The text.'),
      needed('list', 'The entries: one a line, or a list.', { type: 'array' }),
      optional('allow_list', 'Phrases in which entries do not count: one a line, or a list.', { type: 'array' }),
      optional('mode', 'exact: the whole text is an entry; word: entries count as whole words; substring: wherever they are.', {
        default: 'substring',
        options: ['exact', 'word', 'substring'],
      }),
      optional('normalize', 'Whether width, case, blanks and invisible characters make no difference (Unicode NFKC).', {
        type: 'boolean',
        default: true,
      }),
    ],
    outputs: ['matched', 'matches'],
  }),
  tool('riskflow', 'webhook', {
    description: 'Posts JSON to an address and gives its answer.',
    parameters: [
      needed('url', 'An http(s) address.'),
      optional('body', 'What is posted: an object, or JSON text.', { type: 'object' }),
      optional('headers', 'More headers by name: an object, or JSON text.', { type: 'object' }),
    ],
    outputs: ['status_code'],
    acts: true,
  }),
];

/** A provider's id in its short form: Dify writes `time`, newer files `langgenius/time/time`. */
const shortProvider = (provider: string): string => provider.slice(provider.lastIndexOf('/') + 1);

/** The built-in tool that a flow names; undefined when it is none of them. */
export const builtInTool = (provider: string, name: string): ToolDescription | undefined =>
  BUILT_IN_TOOLS.find((item) => item.provider === shortProvider(provider) && item.name === name);

/** Tools of this provider are flows, by the name of the flow. */
const FLOW_PROVIDER = 'workflow';
export const isFlowTool = (providerType: string, provider: string): boolean => providerType === FLOW_PROVIDER || provider === FLOW_PROVIDER;
