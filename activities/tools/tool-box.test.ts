import { describe, expect, it } from 'vitest';
import {
  fromPlain,
  NO_USAGE,
  type FlowCall,
  type FlowRunner,
  type OutgoingClient,
  type OutgoingRequest,
  type OutgoingResult,
  type ToolContext,
  type ToolResult,
  type Values,
} from '../../schemas/index.ts';
import { plainOf } from '../plain.ts';
import { createToolBox } from './tool-box.ts';

const noWay: OutgoingClient = {
  send: () => Promise.reject(new Error('nothing was to be sent')),
  trusting: () => noWay,
  close: () => Promise.resolve(),
};
const NOW = Date.UTC(2026, 2, 5, 4, 7, 9, 123);
const context: ToolContext = {
  workspaceId: 'w',
  runId: 'r1',
  effectId: 'tool#1',
  attempt: 1,
  withSecrets: false,
  depth: 0,
  now: () => NOW,
  signal: new AbortController().signal,
};
const valuesOf = (plain: Readonly<Record<string, unknown>>): Values => fromPlain(plain) as Values;
const box = createToolBox({ outgoing: noWay });
const call = (tool: string, args: Readonly<Record<string, unknown>>, tools = box, given = context): Promise<ToolResult> => {
  const slash = tool.lastIndexOf('/');
  return tools.call({ providerType: 'builtin', provider: tool.slice(0, slash), name: tool.slice(slash + 1) }, valuesOf(args), given);
};
const text = async (...args: Parameters<typeof call>): Promise<string> => {
  const result = await call(...args);
  return result.ok ? result.output.text : `${result.type}: ${result.message}`;
};

const ALL = '%Y-%m-%d %H:%M:%S %Z|%z|%y %B %b %A %a %j %I %p %f %U %W %V %G %u %w %e %D %F %T %R %c %x %X %s %C %% %h %-d %-m %q';

/** What Python 3.11 gives for the same. */
describe('the tools of Dify', () => {
  it.each<readonly [string, Readonly<Record<string, unknown>>, string]>([
    ['time/current_time', {}, '2026-03-05 04:07:09'],
    ['time/current_time', { format: '', timezone: 'UTC' }, '2026-03-05 04:07:09 UTC'],
    [
      'langgenius/time/time/current_time',
      { format: ALL, timezone: 'Asia/Shanghai' },
      '2026-03-05 12:07:09 CST|+0800|26 March Mar Thursday Thu 064 12 PM 123000 09 09 10 2026 4 4  5 03/05/26 2026-03-05 12:07:09 12:07 Thu Mar  5 12:07:09 2026 03/05/26 12:07:09 1772683629 20 % Mar 5 3 %q',
    ],
    ['time/current_time', { format: '%Z %z', timezone: 'America/Sao_Paulo' }, '-03 -0300'],
    ['time/current_time', { format: '%Z %z', timezone: 'Asia/Kolkata' }, 'IST +0530'],
    ['time/current_time', { format: '%Z', timezone: 'Australia/Sydney' }, 'AEDT'],
    ['time/current_time', { format: '%Z', timezone: 'America/Los_Angeles' }, 'PST'],
    ['time/current_time', { timezone: 'Mars/Olympus' }, 'Invalid timezone: Mars/Olympus'],
    ['time/localtime_to_timestamp', { localtime: '2024-01-31 08:30:00' }, '1706661000'],
    ['time/localtime_to_timestamp', { localtime: '2024-3-10 2:30:00', timezone: 'America/New_York' }, '1710055800'],
    ['time/localtime_to_timestamp', { localtime: '2024-11-3 1:30:00', timezone: 'America/New_York' }, '1730611800'],
    [
      'time/localtime_to_timestamp',
      { localtime: '2024-2-30 1:30:00' },
      'ToolInvokeError: "2024-2-30 1:30:00" is no time of the form 2024-01-31 08:30:00',
    ],
    ['time/timestamp_to_localtime', { timestamp: '1706661000' }, '2024-01-31 08:30:00'],
    [
      'time/timestamp_to_localtime',
      { timestamp: 1706661000, timezone: 'Nowhere' },
      'ToolInvokeError: there is no time zone "Nowhere": name it as Asia/Shanghai',
    ],
    ['time/timezone_conversion', { current_time: '2024-01-31 08:30:00' }, '2024-01-31 09:30:00'],
    ['time/weekday', { year: 2024, month: '2', day: 29 }, 'February 29, 2024 is Thursday.'],
    ['time/weekday', { year: 2023, month: 2, day: 29 }, 'Invalid date: Year 2023, Month 2, Day 29.'],
    ['regex/regex_extract', { content: 'a1b22', expression: '\\d+' }, "['1', '22']"],
    ['regex/regex_extract', { content: 'a1b2', expression: '(\\w)(\\d)' }, "[('a', '1'), ('b', '2')]"],
    ['regex/regex_extract', { content: 'y xy', expression: '(x)?y' }, "['', 'x']"],
    ['regex/regex_extract', { content: 'it\'s "q"', expression: "it's" }, '["it\'s"]'],
    ['regex/regex_extract', { content: "1'2", expression: '(?P<n>\\d)' }, "['1', '2']"],
    ['regex/regex_extract', { content: '中文中国\n', expression: '中.' }, "['中文', '中国']"],
    ['regex/regex_extract', { content: 'none', expression: 'x' }, '[]'],
  ])('%s %j', async (tool, args, wanted) => expect(await text(tool, args)).toBe(wanted));

  it('matches in time that a hostile expression cannot blow up, and refuses one that cannot be used', async () => {
    expect(await text('regex/regex_extract', { content: `${'a'.repeat(50_000)}!`, expression: '(a+)+$' })).toBe('[]');
    expect(await text('regex/regex_extract', { content: 'x', expression: '(' })).toContain('the expression cannot be used');
    expect(await text('regex/regex_extract', { content: 'xx', expression: '(x)\\1' })).toContain('the expression cannot be used');
  });

  const DOCUMENT = '{"a": {"b": [1, 2.0, "x", {"c": "é"}]}, "list": [{"id": 1, "n": "p"}, {"id": 2}], "t": true, "z": null}';
  const parsed = (json_filter: string, more: Readonly<Record<string, unknown>> = {}): Promise<string> =>
    text('json_process/parse', { content: DOCUMENT, json_filter, ...more });

  it.each<readonly [string, string]>([
    ['$.a.b[1]', '2.0'],
    ['a.b[3]', '{"c": "\\u00e9"}'],
    ['$.list[*].id', '[1, 2]'],
    ['$.list[*].n', 'p'],
    ['$..id', '[1, 2]'],
    ['$..c', 'é'],
    ['$.t', 'True'],
    ['$.z', 'None'],
    ['$.nope', ''],
    ['$.list[5]', ''],
    ['$.a.*', '[1, 2.0, "x", {"c": "\\u00e9"}]'],
    ['$.list[-1]', '{"id": 2}'],
    ['$.list[1:]', '{"id": 2}'],
    ['$.list[:1].id', '1'],
    ['list.[0].id', '1'],
    ["$['a']['b'][2]", 'x'],
    ["$.list[0]['id','n']", '[1, "p"]'],
    [
      '$..*',
      '[{"b": [1, 2.0, "x", {"c": "\\u00e9"}]}, [{"id": 1, "n": "p"}, {"id": 2}], true, null, [1, 2.0, "x", {"c": "\\u00e9"}], 1, 2.0, "x", {"c": "\\u00e9"}, "\\u00e9", {"id": 1, "n": "p"}, {"id": 2}, 1, "p", 2]',
    ],
    ['$.list[?(@.id>1)]', 'ToolInvokeError: "$.list[?(@.id>1)]" is no JSONPath that can be read: filters and scripts are not supported'],
    ['$.a..', 'ToolInvokeError: "$.a.." is no JSONPath that can be read: a name was expected at character 6'],
    ['$.__proto__', ''],
    ['$.constructor', ''],
  ])('json_process/parse %s', async (path, wanted) => expect(await parsed(path)).toBe(wanted));

  it('keeps characters beyond ASCII when that is wished', async () => {
    expect(await parsed('a.b[3]', { ensure_ascii: 'false' })).toBe('{"c": "é"}');
  });

  it.each<readonly [string, Readonly<Record<string, unknown>>, string]>([
    ['json_delete', { content: '{"a": [1, 2, 3], "b": 1.0}', query: '$.a[0,2]' }, '{"a": [2], "b": 1.0}'],
    ['json_delete', { content: '{"l": [{"id": 1, "n": 2}, {"id": 3}]}', query: '$.l[*].id' }, '{"l": [{"n": 2}, {}]}'],
    ['json_delete', { content: '{"a": 1}', query: 'gone' }, '{"a": 1}'],
    ['json_insert', { content: '{"a": [1]}', query: '$.a', new_value: 'x' }, '{"a": [1, "x"]}'],
    ['json_insert', { content: '{"a": [1]}', query: '$.a', new_value: '2.0', value_decode: true, index: 0 }, '{"a": [2.0, 1]}'],
    ['json_insert', { content: '{"a": {"b": 1}}', query: '$.a', new_value: '{"c": 2}', value_decode: 1 }, '{"a": {"b": 1, "c": 2}}'],
    ['json_insert', { content: '{"a": 1}', query: '$.a', new_value: 'x' }, '{"a": "x"}'],
    ['json_insert', { content: '{}', query: '$.a.b[1].c', new_value: 'x', create_path: 'True' }, '{"a": {"b": [{}, {"c": "x"}]}}'],
    ['json_insert', { content: '{}', query: '$.a', new_value: 'x' }, '{}'],
    [
      'json_insert',
      { content: '{"a": {}}', query: '$.a', new_value: 'x' },
      'ToolInvokeError: only an object can be inserted into an object: set value_decode and give one',
    ],
    ['json_replace', { content: '{"a": "x y x"}', query: '$.a', replace_pattern: 'x', replace_value: '$&' }, '{"a": "$& y $&"}'],
    [
      'json_replace',
      { content: '{"a": {"b": 1, "c": 2}}', query: '$.a.b', replace_value: 'B', replace_model: 'key' },
      '{"a": {"c": 2, "B": 1}}',
    ],
    [
      'json_replace',
      { content: '{"a": [1, 2]}', query: '$.a[*]', replace_value: 'null', replace_model: 'value', value_decode: true },
      '{"a": [null, null]}',
    ],
    [
      'json_replace',
      { content: '{"a": 1}', query: '$.a', replace_pattern: 'x', replace_value: 'y' },
      'ToolInvokeError: the value at a is no text, in which a text could be replaced',
    ],
    [
      'parse',
      { content: '{"a": ', json_filter: '$' },
      'ToolInvokeError: the content is no JSON: the text ends too early (line 1, column 6)',
    ],
    ['parse', { content: '{}' }, 'ToolParameterError: the parameter "json_filter" of the tool json_process/parse is missing'],
    [
      'json_insert',
      { content: '{}', query: 'a', new_value: '{', value_decode: true },
      'ToolInvokeError: new_value is no JSON text, which value_decode says it is',
    ],
  ])('json_process/%s %j', async (tool, args, wanted) => expect(await text(`json_process/${tool}`, args)).toBe(wanted));
});

describe('list_match', () => {
  const match = async (args: Readonly<Record<string, unknown>>): Promise<unknown> => {
    const result = await call('riskflow/list_match', args);
    return result.ok
      ? { matches: plainOf(result.output.variables.get('matches') ?? null), json: plainOf(result.output.json) }
      : result.message;
  };
  it.each<readonly [string, Readonly<Record<string, unknown>>, readonly string[]]>([
    [
      'finds entries in the order of the list',
      { content: 'buy cheap pills and gold', list: 'gold\ncheap pills\nsilver' },
      ['gold', 'cheap pills'],
    ],
    ['sees through width, case and invisible characters', { content: 'ＦＲＥＥ  go\u200bld \u202e', list: ['free gold'] }, ['free gold']],
    ['and not when that is off', { content: 'ＦＲＥＥ', list: ['free'], normalize: false }, []],
    ['takes entries that contain each other', { content: 'abc', list: ['abc', 'b', 'bc', 'abcd'] }, ['abc', 'b', 'bc']],
    [
      'excuses what lies in an allowed phrase',
      { content: 'the Scunthorpe club and cunt', list: ['cunt'], allow_list: 'scunthorpe' },
      ['cunt'],
    ],
    ['and nothing more', { content: 'the Scunthorpe club', list: ['cunt'], allow_list: 'scunthorpe' }, []],
    ['compares whole words', { content: 'class assess ass', list: ['ass', 'cl'], mode: 'word' }, ['ass']],
    ['in Chinese wherever they are', { content: '免费退款啦', list: ['退款'], mode: 'word' }, ['退款']],
    ['compares the whole text', { content: ' Free ', list: ['free', 'fre'], mode: 'exact' }, ['free']],
    ['has nothing in nothing', { content: '', list: '' }, []],
  ])('%s', async (_, args, wanted) => expect(await match(args)).toMatchObject({ matches: wanted }));

  it('tells how often', async () => {
    expect(await match({ content: 'spam spam eggs', list: '["spam", "eggs", "ham"]' })).toEqual({
      matches: ['spam', 'eggs'],
      json: [
        {
          matched: true,
          matches: [
            { entry: 'spam', count: 2 },
            { entry: 'eggs', count: 1 },
          ],
        },
      ],
    });
  });
  it('says what a wrong mode is', async () => {
    expect(await match({ content: 'x', list: 'x', mode: 'fuzzy' })).toBe(
      'the parameter "mode" of the tool riskflow/list_match is none of exact, word, substring',
    );
  });
});

describe('the webhook', () => {
  const sending = (result: OutgoingResult): { readonly sent: OutgoingRequest[]; readonly tools: ReturnType<typeof createToolBox> } => {
    const sent: OutgoingRequest[] = [];
    const outgoing: OutgoingClient = { ...noWay, send: (request) => (sent.push(request), Promise.resolve(result)) };
    return { sent, tools: createToolBox({ outgoing }) };
  };
  const answer = (status: number, body: string): OutgoingResult => ({
    ok: true,
    status,
    headers: [],
    body: new TextEncoder().encode(body),
    finalUrl: 'https://h.example/',
    hops: 0,
  });

  it('posts JSON with a key that is the same at every try', async () => {
    const { sent, tools } = sending(answer(201, '{"done": 1.0}'));
    const result = await call(
      'riskflow/webhook',
      { url: 'https://h.example/x', body: '{"a": 1.0}', headers: { 'X-Key': 'k', Host: 'evil' } },
      tools,
    );
    expect(result).toMatchObject({ ok: true, output: { text: '{"done": 1.0}' } });
    expect(result.ok && result.output.variables.get('status_code')).toBe(201);
    expect(sent).toHaveLength(1);
    const [request] = sent;
    expect(request).toMatchObject({ method: 'POST', url: 'https://h.example/x', redirects: 0, secretHeaders: ['X-Key', 'Host'] });
    expect(request?.headers).toEqual([
      ['content-type', 'application/json'],
      ['idempotency-key', 'r1/tool#1'],
      ['X-Key', 'k'],
    ]);
    expect(request?.body?.kind === 'bytes' && new TextDecoder().decode(request.body.bytes)).toBe('{"a":1.0}');
  });

  it.each<readonly [OutgoingResult, string, boolean]>([
    [answer(404, ''), 'the webhook answered with status 404', false],
    [answer(503, ''), 'the webhook answered with status 503', true],
    [answer(302, ''), 'the webhook answered with status 302', false],
    [
      { ok: false, type: 'refused', message: 'it is not public', reason: 'private' },
      'the webhook could not be called: it is not public',
      false,
    ],
    [{ ok: false, type: 'timeout', message: 'it took long', reason: 'slow' }, 'the webhook could not be called: it took long', true],
  ])('fails for %j', async (given, message, retryable) => {
    expect(await call('riskflow/webhook', { url: 'https://h.example' }, sending(given).tools)).toEqual({
      ok: false,
      type: 'ToolInvokeError',
      message,
      retryable,
    });
  });
});

describe('a flow as a tool', () => {
  const calls: FlowCall[] = [];
  const flows: FlowRunner = {
    run: (made) => {
      calls.push(made);
      return Promise.resolve({ ok: true, usage: NO_USAGE, outputs: valuesOf({ label: 'spam', score: 0.5 }) });
    },
  };
  it('is run one level deeper, and its outputs are those of the node', async () => {
    const result = await call('workflow/triage', { text: 'x' }, createToolBox({ outgoing: noWay, flows }), { ...context, depth: 4 });
    expect(calls).toMatchObject([{ flow: 'triage', depth: 5, parent: { runId: 'r1', effectId: 'tool#1', attempt: 1 }, workspaceId: 'w' }]);
    expect(result.ok && { ...result.output, json: plainOf(result.output.json), variables: plainOf(result.output.variables) }).toEqual({
      text: '{"label":"spam","score":0.5}',
      files: [],
      json: [{ label: 'spam', score: 0.5 }],
      variables: { label: 'spam', score: 0.5 },
      usage: NO_USAGE,
    });
  });
  it('is not given a secret, which its run would keep', async () => {
    const before = calls.length;
    const result = await call('workflow/triage', { text: 'k' }, createToolBox({ outgoing: noWay, flows }), {
      ...context,
      withSecrets: true,
    });
    expect(result).toMatchObject({ ok: false, message: expect.stringContaining('is given a secret') as string });
    expect(calls).toHaveLength(before);
  });
  it('is not called beyond the depth, and the error names the setting', async () => {
    const before = calls.length;
    const result = await call('workflow/triage', {}, createToolBox({ outgoing: noWay, flows }), { ...context, depth: 5 });
    expect(result).toMatchObject({
      ok: false,
      retryable: false,
      message: expect.stringContaining('at most 5 may be (setting tools.maxCallDepth)') as string,
    });
    expect(calls).toHaveLength(before);
  });
});

describe('a tool that there is not', () => {
  it('is a failure that says what to do', async () => {
    const result = await text('langgenius/tavily/tavily/search', { query: 'x' });
    expect(result).toContain(
      'ToolNotFoundError: there is no tool "langgenius/tavily/tavily/search" here: map it under "tools" to one of time/current_time',
    );
    expect(await text('__proto__/constructor', {})).toContain('ToolNotFoundError');
  });
  it('gives no more than is kept', async () => {
    const small = createToolBox({ outgoing: noWay, maxOutputLength: 10 });
    expect(await text('regex/regex_extract', { content: 'aaaaaaaaaaaa', expression: '.' }, small)).toContain(
      'more than 10 characters (setting tools.maxOutputLength)',
    );
  });
});
