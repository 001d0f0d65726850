import { readFileSync } from 'node:fs';
import avro from 'avsc';
import { describe, expect, it } from 'vitest';
import { alertSchema, avroValueOf, decisionSchema, reportSchema, type AvroRecord } from './index.ts';

const schemas: Readonly<Record<string, AvroRecord>> = { report: reportSchema, decision: decisionSchema, alert: alertSchema };
const names = Object.keys(schemas);
const schemaOf = (name: string): AvroRecord => schemas[name] ?? reportSchema;

const read = (file: string): AvroRecord => JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8')) as AvroRecord;
/** As avsc takes it: its own types are not readonly. */
const parse = (schema: AvroRecord): avro.Type => avro.Type.forSchema(JSON.parse(JSON.stringify(schema)) as avro.Schema);

/** @throws when records of `writer` cannot be read by `reader` */
const readable = (writer: AvroRecord, reader: AvroRecord): unknown => parse(reader).createResolver(parse(writer));
const expectBothDirections = (one: AvroRecord, other: AvroRecord): void => {
  expect(() => readable(one, other)).not.toThrow();
  expect(() => readable(other, one)).not.toThrow();
};

/** A value whose fields are all there. */
const full: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  report: { id: 'r-1', subject: 's', category: 'c', reporter: 'p', text: '你好 😀', eventTime: 1_760_000_000_000, extra: { lang: 'zh' } },
  decision: {
    decisionId: 'd-1',
    sourceId: 'reports',
    recordId: 'rec',
    recordKey: 'k',
    subject: 'acct-1',
    category: 'scam',
    eventTime: 1_760_000_000_000,
    mode: 'live',
    stage: 'canary',
    replay: 0,
    flow: 'triage',
    flowVersion: 'f'.repeat(64),
    runId: 'run',
    status: 'succeeded',
    label: 'spam',
    score: 0.5,
    action: 'block',
    reasonCodes: ['R1'],
    ruleHits: [{ nodeId: 'n', title: 'Links', caseId: 'true' }],
    models: [{ provider: 'openai', name: 'm' }],
    promptIds: ['p'],
    inputsHash: 'a'.repeat(64),
    latencyMs: 12.5,
    elapsedMs: 3,
    cost: 0.001,
    tokens: { input: 10, output: 2 },
    outputs: { label: 'spam' },
    outputsNote: null,
    error: null,
    decidedAt: 1_760_000_000_012,
  },
  alert: {
    alertId: 'a',
    state: 'raised',
    sourceId: 'reports',
    rule: 'spikes',
    by: 'category',
    subject: null,
    category: 'scam',
    windowStart: 1_760_000_000_000,
    windowEnd: 1_760_000_900_000,
    count: 40,
    baseline: 3.5,
    ratio: 11.4,
    z: 9,
    p: 1e-20,
    reporters: 31,
    needed: 12,
    topSubjects: [{ subject: 'acct-1', count: 30 }],
    reason: null,
    peak: null,
    at: 1_760_000_900_001,
  },
};

describe.each(names)('the Avro schema of a %s', (name) => {
  const schema = schemaOf(name);

  it('is the one in the folder', () => {
    expect(read(`./${name}.avsc`)).toEqual(schema);
  });

  it('reads what every released version has written, and the other way round', () => {
    expectBothDirections(schema, schema);
    expectBothDirections(schema, read(`./golden/${name}-1.avsc`));
  });

  it('has a default for every field but the identity, so that each may come and go', () => {
    const [identity, ...others] = schema.fields;
    expect(identity).not.toHaveProperty('default');
    expect(identity?.type).toBe('string');
    for (const field of others) {
      expect(field).toHaveProperty('default');
      expectBothDirections(schema, { ...schema, fields: schema.fields.filter((each) => each !== field) });
    }
    const added = { name: 'addedLater', type: ['null', 'string'] as const, default: null };
    expectBothDirections(schema, { ...schema, fields: [...schema.fields, added] });
    // The check itself: what cannot be read is noticed.
    expect(() => readable({ ...schema, fields: others }, schema)).toThrow('no matching field for default-less');
  });

  it('takes a whole value, and one with nothing but its identity', () => {
    const type = parse(schema);
    const [{ name: id } = { name: '' }] = schema.fields;
    for (const body of [full[name] ?? {}, { [id]: 'only' }]) {
      const value: Readonly<Record<string, unknown>> =
        name === 'report'
          ? { extra: {}, ...withNulls(schema), ...body }
          : avroValueOf(name === 'alert' ? 'alert' : 'decision', body as never);
      const back: unknown = type.fromBuffer(type.toBuffer(value));
      expect(JSON.parse(JSON.stringify(back))).toEqual(JSON.parse(JSON.stringify(value)));
      // What an old reader sees of it.
      const old = parse(read(`./golden/${name}-1.avsc`));
      expect(old.fromBuffer(type.toBuffer(value), old.createResolver(type))).toMatchObject({ [id]: value[id] });
    }
  });
});

const withNulls = (schema: AvroRecord): Record<string, unknown> =>
  Object.fromEntries(schema.fields.flatMap((field) => (field.default === null ? [[field.name, null]] : [])));

describe('avroValueOf', () => {
  it('writes outputs as JSON text, keeps what is no field of the schema out, and fills in defaults', () => {
    const value = avroValueOf('decision', { decisionId: 'd', outputs: { label: 'a', n: [1, 2] }, reasonCodes: ['x'], unheardOf: 1 });
    expect(value).toMatchObject({ decisionId: 'd', outputs: '{"label":"a","n":[1,2]}', reasonCodes: ['x'], ruleHits: [], score: null });
    expect(Object.keys(value)).toEqual(decisionSchema.fields.map((field) => field.name));
    expect(avroValueOf('decision', { decisionId: 'd', outputs: null })['outputs']).toBeNull();
    expect(avroValueOf('alert', { alertId: 'a', topSubjects: [{ subject: 's', count: 1 }] })['topSubjects']).toEqual([
      { subject: 's', count: 1 },
    ]);
  });
});
