import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromPlain, isObject, parseJson, recordSettings, type ObjectValue, type RecordMeta, type Value } from '../../schemas/index.ts';
import { compileMapping, metaNeeded, type Mapping, type MappingProblem } from './compile-mapping.ts';
import { bounded, LONGEST_FACET, readFacets, type FacetsResult } from './facets.ts';
import { decodeMeta, encodeMeta } from './meta.ts';
import { readInput, readInputs, readQuery, readText } from './read-inputs.ts';
import type { ReceivedRecord } from './record-view.ts';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const RECEIVED = 1_790_000_000_000;

const settingsOf = (given: unknown): Mapping => {
  const result = compileMapping(recordSettings.parse(given));
  if (!result.ok) throw new Error(result.problems.map((problem) => `${problem.where}: ${problem.message}`).join('\n'));
  return result.mapping;
};
const problemsOf = (given: unknown): readonly MappingProblem[] => {
  const result = compileMapping(recordSettings.parse(given));
  return result.ok ? [] : result.problems;
};

function recordOf(fields: ObjectValue | string, meta: Partial<ReceivedRecord['meta']> = {}): ReceivedRecord {
  const parsed = typeof fields === 'string' ? parseJson(fields) : { ok: true as const, value: fields };
  if (!parsed.ok || !isObject(parsed.value)) throw new Error('no object');
  return {
    fields: parsed.value,
    meta: { key: null, headers: [], timestamp: null, topic: 'reports', partition: 3, offset: 41, ...meta },
    recordId: 'r-1',
    receivedAt: RECEIVED,
  };
}
const facets = (settings: unknown, fields: string, meta: Partial<ReceivedRecord['meta']> = {}): FacetsResult =>
  readFacets(settingsOf(settings), recordOf(fields, meta));
const reason = (result: FacetsResult): string => (result.ok ? 'fine' : result.reason);

describe('field expressions', () => {
  const record = recordOf(
    '{"a":{"b":1,"b c":2,"":9},"a.b":null,"items":[{"id":"x"},[10,20]],"n":12345678901234567890,"f":2.0,"$amount":5,"body text":"hi","举报":{"类别":"广告"},"__proto__":{"x":1},"it\'s":7,"@version":8}',
    {
      key: utf8('k1'),
      timestamp: 1_700_000_000_123,
      headers: [
        { name: 'trace.id', value: utf8('one') },
        { name: 'trace.id', value: utf8('two') },
        { name: 'raw', value: Uint8Array.of(0xff, 0) },
      ],
    },
  );
  const cases: readonly [string, unknown, unknown][] = [
    ['a field', 'body text', 'hi'],
    ['the field of that very name before the path, also when it is null', 'a.b', null],
    ['a path with $', '$.a.b', 1],
    ['a quoted name', "$.a['b c']", 2],
    ['a quoted name in double quotes', 'a["b c"]', 2],
    ['an empty name', "a['']", 9],
    ['an escaped quote', "$['it\\'s']", 7],
    ['an index', 'items[0].id', 'x'],
    ['an index in an index', 'items[1][1]', 20],
    ['names beyond ASCII', '举报.类别', '广告'],
    ['a name with $ in it', '$amount', 5],
    ['the whole record', '$', record.fields],
    ['a key that JavaScript knows otherwise', '__proto__.x', 1],
    ['what every JavaScript object has', 'constructor.name', undefined],
    ['a member of a list', 'items.length', undefined],
    ['a member of a text', "$['body text'].length", undefined],
    ['an index of an object', 'a[0]', undefined],
    ['an index behind the end', 'items[7]', undefined],
    ['an integer beyond 2^53', 'n', 12_345_678_901_234_567_890n],
    ['a float with an integral value', 'f', { float: 2 }],
    ['a field that looks like something around it', "$['@version']", 8],
    ['the key', '@key', 'k1'],
    ['the timestamp', '@timestamp', 1_700_000_000_123],
    ['the topic', '@topic', 'reports'],
    ['the partition', '@partition', 3],
    ['the offset', '@offset', 41],
    ['a header, the last of that name', '@headers.trace.id', 'two'],
    ['a header that is no text', '@headers.raw', 'base64:/wA='],
    ['a header that is not there', '@headers.none', undefined],
    ['a constant', { const: { a: [1, 2.5] } }, fromPlain({ a: [1, 2.5] })],
    [
      'a template',
      { template: '{{#record.$.a.b#}}/{{#record.items[0].id#}}/{{#record.举报.类别#}}/{{#meta.key#}}/{{#record.none#}}.' },
      '1/x/广告/k1/.',
    ],
    [
      'a template prints as Dify does',
      { template: '{{#record.f#}} {{#record.items#}} {{#meta.headers.trace.id#}}' },
      "2.0 [{'id': 'x'}, [10, 20]] two",
    ],
    ['a template without variables', { template: 'a.b and {x}' }, 'a.b and {x}'],
  ];
  it.each(cases)('%s', (_, expression, expected) => {
    expect(readInput(settingsOf({ inputs: { it: expression } }), 'it', record)).toEqual(expected);
  });

  it('takes the field of its name for a variable that the settings do not name, and leaves out what is not there', () => {
    const mapping = settingsOf({ inputs: { topic: '@topic' } });
    expect(readInputs(mapping, ['topic', 'body text', 'a.b', 'none', 'toString'], record)).toEqual(
      new Map<string, Value>([
        ['topic', 'reports'],
        ['body text', 'hi'],
        ['a.b', null],
      ]),
    );
  });

  it('reads the query and the text', () => {
    const other = recordOf('{"text":"hello","title":"T","n":1.50,"empty":"","list":["x"]}');
    expect([readQuery(settingsOf({}), other), readText(settingsOf({}), other)]).toEqual(['hello', 'hello']);
    expect(readQuery(settingsOf({ query: 'title' }), other)).toBe('T');
    expect(readText(settingsOf({ text: 'n' }), other)).toBe('1.5');
    for (const query of ['empty', 'list', 'none']) expect(readQuery(settingsOf({ query }), other), query).toBeUndefined();
  });
});

describe('compileMapping', () => {
  it('tells everything that is wrong at once, where and how to mend it', () => {
    const problems = problemsOf({
      inputs: { text: 'a..b', when: '@time', ok: 'body.text', note: { template: 'Hi {{ record.name }}' } },
      query: { template: '{{#start.text#}}' },
      key: 'items[x]',
      subject: '.a',
      category: "a['b",
      reporter: { template: '{{#record.a' },
      filter: {
        conditions: [
          { field: 'a[', operator: 'like', value: 'x' },
          { field: 'a', operator: '>', value: 'many' },
          { field: 'a', operator: 'in', value: 'x' },
          { field: 'a', operator: 'contains' },
          { field: 'a', operator: '≥', value: 3 },
        ],
      },
    });
    expect(problems.map(({ where, message }) => `${where}: ${message}`)).toEqual([
      'record.inputs.text: "a..b" is not a path: it cannot be read from character 3 on',
      'record.inputs.when: "@time" is not one of the things that stand around a record',
      'record.inputs.note: the template has "{{ record.name }}", which is not filled in',
      'record.query: the template has "{{#start.text#}}", which is not filled in',
      'record.key: "items[x]" is not a path: it cannot be read from character 6 on',
      'record.subject: ".a" is not a path: it cannot be read from character 1 on',
      'record.category: "a[\'b" is not a path: it cannot be read from character 2 on',
      'record.reporter: the template has "{{#", which is not filled in',
      'record.filter.conditions[0].field: "a[" is not a path: it cannot be read from character 2 on',
      'record.filter.conditions[0].operator: "like" is not an operator',
      'record.filter.conditions[1].value: the operator ">" compares with a number, not with "many"',
      'record.filter.conditions[2].value: the operator "in" compares with a list of texts, not with "x"',
      'record.filter.conditions[3].value: the operator "contains" compares with a text, not with null',
    ]);
    expect(problems.every((problem) => problem.hint.length > 10)).toBe(true);
    expect(problems[0]?.hint).toContain("$['a..b']");
    expect(problems[1]?.hint).toContain('headers.NAME');
  });

  it.each([
    [{}, false],
    [{ key: 'id', inputs: { topic: '@topic', place: '@offset' } }, false],
    [{ key: '@key' }, true],
    [{ eventTime: '@timestamp' }, true],
    [{ inputs: { a: { template: '{{#meta.headers.x#}}' } } }, true],
    [{ filter: { conditions: [{ field: '@headers.x', operator: 'not empty' }] } }, true],
    [{ filter: { conditions: [{ field: 'a', operator: 'is', value: '{{#meta.key#}}' }] } }, true],
  ])('knows whether what stands around a record is needed: %j', (settings, needed) => {
    expect(metaNeeded(settingsOf(settings))).toBe(needed);
  });
});

describe('readFacets', () => {
  it('reads every facet; the subject is the key unless it is named, the time the source’s, else that of arrival', () => {
    expect(facets({}, '{}')).toEqual({
      ok: true,
      skipped: false,
      facets: { key: null, subject: null, category: null, reporter: null, eventTime: RECEIVED },
    });
    expect(facets({ key: '@key' }, '{}', { key: utf8('k'), timestamp: 5 })).toMatchObject({
      facets: { key: 'k', subject: 'k', eventTime: 5 },
    });
    expect(
      facets(
        { key: 'id', subject: 'user.id', category: 'c', reporter: 'by', eventTime: 'at' },
        '{"id":9007199254740993,"user":{"id":"u"},"c":2.0,"by":1.5,"at":"2026-01-31T08:00:00+08:00"}',
      ),
    ).toMatchObject({
      facets: { key: '9007199254740993', subject: 'u', category: '2.0', reporter: '1.5', eventTime: Date.UTC(2026, 0, 31) },
    });
    expect(facets({ key: 'id', category: 'c' }, '{"id":"","c":null}')).toMatchObject({ facets: { key: null, category: null } });
  });

  it.each([
    [{ key: 'id' }, '{"id":[1]}', 'its key (field "id") must be text or a number, not a list'],
    [{ subject: 'a.b' }, '{"a":{"b":{}}}', 'its subject (field "a.b") must be text or a number, not an object'],
    [{ category: 'c' }, '{"c":true}', 'its category (field "c") must be text or a number, not true or false'],
    [{ reporter: { const: [1] } }, '{}', 'its reporter (the constant [1]) must be text or a number, not a list'],
    [{ eventTime: 'at' }, '{}', 'it has no event time (field "at")'],
    [
      { eventTime: 'at' },
      '{"at":"yesterday"}',
      'its event time (field "at") must be seconds or milliseconds since 1970 or text of ISO 8601 such as 2026-01-31T08:00:00Z, not "yesterday"',
    ],
    [
      { filter: { conditions: [{ field: 'n', operator: '>', value: 3 }] } },
      '{"n":"many"}',
      'the filter cannot look at its field "n" with ">": the comparison needs a number',
    ],
  ])('says why it cannot be used: %j of %s', (settings, fields, expected) => {
    expect(reason(facets(settings, fields))).toBe(expected);
  });

  it('bounds the length of a facet: equal ones stay equal, different ones different, no character is cut in two', () => {
    expect(bounded('x'.repeat(LONGEST_FACET))).toBe('x'.repeat(LONGEST_FACET));
    const long = bounded(`${'😀'.repeat(400)}a`);
    expect(long).toHaveLength(LONGEST_FACET - 1);
    expect(long.isWellFormed()).toBe(true);
    expect(long).toBe(bounded(`${'😀'.repeat(400)}a`));
    expect(long).not.toBe(bounded(`${'😀'.repeat(400)}b`));
    expect(bounded('a\ud800b')).toBe('a\ufffdb');
    expect(bounded('y'.repeat(5_000_000))).toHaveLength(LONGEST_FACET);
  });
});

describe('the filter', () => {
  const passes = (field: string, operator: string, value: unknown, fields: string): boolean | string => {
    const result = facets({ filter: { conditions: [{ field, operator, ...(value === undefined ? {} : { value }) }] } }, fields);
    return result.ok ? !result.skipped : result.reason;
  };
  it.each([
    ['a', 'is', 'x', '{"a":"x"}', true],
    ['a', 'is', 'x', '{"a":"y"}', false],
    ['a', 'is', 'x', '{}', false],
    ['a', 'contains', '赌', '{"a":"网赌"}', true],
    ['a', 'in', ['x', 'y'], '{"a":"y"}', true],
    ['a', 'not in', ['x', 'y'], '{"a":"y"}', false],
    ['a', 'in', [1, 2], '{"a":2}', true],
    ['a', 'in', ['1', '2'], '{"a":2}', true],
    ['a', 'not in', [1, 2], '{"a":3}', true],
    ['a', 'is', 5, '{"a":5}', true],
    ['a', 'is', '5', '{"a":5}', true],
    ['a', 'is not', 5, '{"a":"6"}', true],
    ['a', 'empty', undefined, '{}', true],
    ['a', 'not empty', undefined, '{"a":[]}', false],
    ['a', 'null', undefined, '{}', true],
    ['a', '>', 3, '{"a":4}', true],
    ['a', '>=', 3, '{"a":3}', true],
    ['a', '<=', 2.5, '{"a":3}', false],
    ['a', '!=', 3, '{"a":4}', true],
    ['a', '>', 3, '{"a":"10"}', true],
    ['a', '=', 3, '{"a":"3.0"}', true],
    ['a', '=', 3.5, '{"a":3}', false],
    ['a', '=', 0, '{"a":0}', true],
    ['a', '>', 3, '{}', false],
    ['a', '>', '9007199254740992', '{"a":9007199254740993}', true],
    ['a', 'is', true, '{"a":true}', true],
    ['a', '=', true, '{"a":true}', true],
    ['a', 'is', '{{#record.b#}}', '{"a":"x","b":"x"}', true],
    ['b.c[0]', 'start with', 'x', '{"b":{"c":["xy"]}}', true],
    ['@topic', 'is', 'reports', '{}', true],
  ])('%s %s %j of %s', (field, operator, value, fields, expected) => {
    expect(passes(field, operator, value, fields)).toBe(expected);
  });

  it('joins with and, or, and looks no further than it must', () => {
    const conditions = [
      { field: 'a', operator: 'is', value: 'x' },
      { field: 'n', operator: '>', value: 3 },
    ];
    expect(facets({ filter: { conditions } }, '{"a":"x","n":4}')).toMatchObject({ skipped: false });
    expect(facets({ filter: { conditions } }, '{"a":"y","n":"many"}')).toEqual({ ok: true, skipped: true });
    expect(facets({ filter: { logical: 'or', conditions } }, '{"a":"x","n":"many"}')).toMatchObject({ skipped: false });
    expect(facets({ filter: { logical: 'or', conditions } }, '{"a":"y","n":1}')).toEqual({ ok: true, skipped: true });
  });

  it('is asked first: what it leaves out has no reasons', () => {
    const settings = { key: 'id', eventTime: 'at', filter: { conditions: [{ field: 'a', operator: 'is', value: 'x' }] } };
    expect(facets(settings, '{"a":"y","id":[]}')).toEqual({ ok: true, skipped: true });
  });
});

describe('sampling', () => {
  const taken = (rate: number, settings: unknown = { key: 'id' }): readonly number[] => {
    const mapping = settingsOf({ ...(settings as object), samplingRate: rate });
    return Array.from({ length: 4000 }, (_, i) => i).filter((i) => {
      const result = readFacets(mapping, { ...recordOf(`{"id":${i}}`), recordId: `r-${i}` });
      return result.ok && !result.skipped;
    });
  };
  it('takes about its share, the same records each time, and fewer of the same at a smaller rate', () => {
    const [tenth, third, all] = [taken(0.1), taken(0.3), taken(1)];
    expect(all).toHaveLength(4000);
    expect(tenth.length).toBeGreaterThan(330);
    expect(tenth.length).toBeLessThan(470);
    expect(taken(0.1)).toEqual(tenth);
    expect(tenth.filter((i) => !third.includes(i))).toEqual([]);
  });
  it('goes by the identity where there is no key', () => {
    const byId = taken(0.1, {});
    expect(byId.length).toBeGreaterThan(330);
    expect(byId).not.toEqual(taken(0.1));
  });
});

describe('encodeMeta', () => {
  it('writes text as text and other bytes as base64', () => {
    const meta: RecordMeta = { key: utf8('键'), headers: [{ name: 'h', value: Uint8Array.of(255) }], timestamp: 7 };
    expect(encodeMeta(meta)).toBe('{"key":"键","headers":[["h",{"base64":"/w=="}]],"timestamp":7}');
    expect(decodeMeta(null)).toEqual({ key: null, headers: [], timestamp: null });
    expect(() => decodeMeta('{"key"')).toThrow('what is stored around a record cannot be read');
  });
  it('gives back what it was given', () => {
    const bytes = fc.oneof(fc.uint8Array({ maxLength: 20 }), fc.string({ unit: 'binary' }).map(utf8), fc.constant(utf8('\ufeffx')));
    const meta = fc.record({
      key: fc.option(bytes),
      headers: fc.array(fc.record({ name: fc.string(), value: bytes }), { maxLength: 4 }),
      timestamp: fc.option(fc.maxSafeInteger()),
    });
    fc.assert(
      fc.property(meta, (given) => {
        expect(decodeMeta(encodeMeta(given))).toEqual(given);
      }),
    );
  });
});

describe('hostile records', () => {
  const mapping = settingsOf({
    key: 'a.b[0].c',
    subject: '__proto__',
    category: { template: '{{#record.deep#}}' },
    reporter: 'constructor',
    filter: { conditions: [{ field: 'deep', operator: 'not contains', value: 'needle' }] },
    inputs: { x: '$.__proto__.polluted' },
  });
  const deep = `${'['.repeat(190)}1${']'.repeat(190)}`;
  it('is harmless', () => {
    const record = recordOf(`{"__proto__":"p","constructor":"c","a":{"b":[{"c":"${'z'.repeat(1000)}"}]},"deep":${deep}}`);
    const result = readFacets(mapping, record);
    expect(result).toMatchObject({ ok: true, skipped: false, facets: { subject: 'p', reporter: 'c' } });
    expect(readInput(mapping, 'x', record)).toBeUndefined();
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
  it('never throws, whatever the record holds', () => {
    const value: fc.Arbitrary<Value> = fc.jsonValue().map(fromPlain);
    const fields = fc
      .dictionary(fc.constantFrom('a', 'deep', '__proto__', 'constructor', 'at'), value)
      .map((object) => new Map(Object.entries(object)));
    const timed = settingsOf({ eventTime: 'at', key: 'a', samplingRate: 0.5 });
    fc.assert(
      fc.property(fields, (given) => {
        for (const one of [mapping, timed]) {
          const result = readFacets(one, recordOf(given));
          if (!result.ok) expect(result.reason.length).toBeGreaterThan(10);
          else if (!result.skipped) expect(Number.isSafeInteger(result.facets.eventTime)).toBe(true);
        }
      }),
    );
  });
});
