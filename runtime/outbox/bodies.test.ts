import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  alertSchema,
  avroValueOf,
  canonicalJson,
  decisionSchema,
  float,
  type JsonObject,
  type StoredEvent,
  type Value,
} from '../../schemas/index.ts';
import { utf8 } from '../context.ts';
import { retryDelay } from './back-off.ts';
import { alertBody, decisionBody, MOST_OUTPUT_BYTES } from './message-bodies.ts';
import { outgoingOf, partOf } from './outgoing-events.ts';
import { decisionData } from './outbox-rig.ts';
import { outsideJson } from './outside-json.ts';

const asJson = (value: unknown): JsonObject => JSON.parse(JSON.stringify(value)) as JsonObject;
const bytesOf = (outputs: unknown): Uint8Array => utf8(canonicalJson(asJson(outputs)));
const event = (type: string, data: unknown): StoredEvent => ({
  workspaceId: 'default',
  eventId: 'e-1',
  stream: 's',
  version: 1,
  position: { log: 'ledger', n: 7 },
  type,
  schemaVersion: 1,
  data,
  actor: 'test',
  correlationId: null,
  causationId: null,
  recordedAt: 5,
});

describe('the body of a decision', () => {
  const data = asJson(
    decisionData({
      decisionId: 'd-1',
      subject: 'acct-1',
      reasonCodes: ['R1'],
      ruleHits: [{ nodeId: 'n', title: 'Links', caseId: 'true' }],
      models: [{ provider: 'openai', name: 'm' }],
      tokens: { input: 3, output: 4 },
      against: { decisionId: 'd-0', flow: 'f', flowVersion: 'v', label: null, action: null },
    }),
  );

  it('has exactly the fields of its schema, with the outputs in it', () => {
    const body = asJson(decisionBody(data, bytesOf({ label: 'spam', score: { $float: 2 } })));
    expect(Object.keys(body)).toEqual(decisionSchema.fields.map(({ name }) => name));
    expect(body).toMatchObject({
      decisionId: 'd-1',
      stage: 'live',
      outputs: { label: 'spam', score: 2 },
      outputsNote: null,
      ruleHits: [{ nodeId: 'n', title: 'Links', caseId: 'true' }],
      tokens: { input: 3, output: 4 },
    });
    expect(avroValueOf('decision', body)['outputs']).toBe('{"label":"spam","score":2}');
  });

  it('of a fact of the first release lacks nothing but what was not told', () => {
    const first = Object.fromEntries(
      [
        'decisionId',
        'sourceId',
        'recordId',
        'recordKey',
        'mode',
        'replay',
        'flow',
        'flowVersion',
        'runId',
        'status',
        'label',
        'outputs',
        'error',
      ].map((name) => [name, data[name] ?? null]),
    );
    const body = asJson(decisionBody(first, bytesOf({})));
    expect(Object.keys(body)).toEqual(decisionSchema.fields.map(({ name }) => name));
    expect(body).toMatchObject({ stage: 'live', subject: null, score: null, ruleHits: [], tokens: null, decidedAt: null, outputs: {} });
  });

  it('says why outputs are not there', () => {
    expect(decisionBody(data, undefined)).toMatchObject({ outputs: null, outputsNote: 'they were erased' });
    const large = bytesOf({ text: 'x'.repeat(MOST_OUTPUT_BYTES) });
    expect(decisionBody(data, large)).toMatchObject({
      outputs: null,
      outputsNote: `they have ${large.byteLength} bytes, and no more than ${MOST_OUTPUT_BYTES} are sent along`,
    });
  });
});

describe('the body of an alert', () => {
  it('has exactly the fields of its schema, raised and cleared', () => {
    const fields = alertSchema.fields.map(({ name }) => name).toSorted();
    const window = {
      alertId: 'a',
      sourceId: 's',
      rule: 'r',
      by: 'category',
      subject: null,
      category: 'scam',
      windowStart: 1,
      windowEnd: 2,
    };
    const evidence = { count: 40, baseline: 3.5, ratio: 11.4, z: null, p: 0.001, reporters: 31, windows: 12 };
    const raised = alertBody(asJson({ ...window, evidence, needed: 12, topSubjects: [{ subject: 'x', count: 3 }], arrival: 9 }), {
      eventType: 'AlertRaised',
      at: 5,
    });
    expect(Object.keys(raised as object).toSorted()).toEqual(fields);
    expect(raised).toEqual({
      ...window,
      state: 'raised',
      reason: null,
      count: 40,
      baseline: 3.5,
      ratio: 11.4,
      z: null,
      p: 0.001,
      reporters: 31,
      needed: 12,
      topSubjects: [{ subject: 'x', count: 3 }],
      peak: null,
      at: 5,
    });
    const cleared = alertBody(asJson({ ...window, reason: 'fell', count: 4, peak: 50 }), { eventType: 'AlertCleared', at: 6 });
    expect(cleared).toMatchObject({ state: 'cleared', reason: 'fell', count: 4, peak: 50, baseline: null, topSubjects: [] });
  });
});

describe('what is told of the ledger', () => {
  it.each([
    [{ mode: 'live', stage: 'live' }, true],
    [{ mode: 'live', stage: 'canary' }, true],
    [{ mode: 'live', stage: 'fallback' }, true],
    [{ mode: 'live', stage: null }, true],
    [{ mode: 'live', stage: 'shadow' }, false],
    [{ mode: 'shadow', stage: 'shadow' }, false],
    [{ mode: 'backtest', stage: 'backtest' }, false],
    [{ mode: 'evaluation', stage: null }, false],
  ] as const)('a decision with %j: %s', (parts, isTold) => {
    expect(outgoingOf(event('DecisionMade', decisionData({ decisionId: 'd', ...parts }))) !== undefined).toBe(isTold);
  });

  it('has the subject as its key, else the business key, else the record', () => {
    const keyOf = (parts: object) =>
      outgoingOf(event('DecisionMade', { ...decisionData({ decisionId: 'd', recordId: 'r' }), ...parts }))?.key;
    expect([keyOf({ subject: 's', recordKey: 'k' }), keyOf({ recordKey: 'k' }), keyOf({})]).toEqual(['s', 'k', 'r']);
  });

  it('is not what was erased', () => {
    expect(outgoingOf(event('DecisionMade', null))).toBeUndefined();
    expect(outgoingOf(event('AlertRaised', null))).toBeUndefined();
  });

  it('lies in one part by its key, all of which are used', () => {
    const parts = Array.from({ length: 400 }, (_, i) => partOf(`acct-${i}`, 8));
    expect(new Set(parts)).toEqual(new Set([0, 1, 2, 3, 4, 5, 6, 7]));
    expect(Array.from({ length: 400 }, (_, i) => partOf(`acct-${i}`, 8))).toEqual(parts);
    expect([partOf('x', 1), partOf(null, 8)]).toEqual([0, 0]);
  });
});

describe('values outside', () => {
  it.each<readonly [string, Value, unknown]>([
    ['a float', float(2), 2],
    ['no number', float(Number.NaN), null],
    ['an integer beyond 2^53', 2n ** 60n, '1152921504606846976'],
    ['a secret', { secret: 'KEY', version: '1' }, '***'],
    ['an object', new Map<string, Value>([['a', [1, new Map([['b', float(1.5)]])]]]), { a: [1, { b: 1.5 }] }],
    ['a text', '你好', '你好'],
    ['null', null, null],
  ])('%s', (_, value, expected) => {
    expect(outsideJson(value)).toEqual(expected);
  });
});

describe('the pause before the next try', () => {
  it('grows twofold up to five minutes, is scattered over half of that, and is never shorter than was asked for', () => {
    const longest = (failures: number): number => retryDelay(failures, { retryAfterMs: 0, random: 1 });
    expect([1, 2, 3, 10, 11, 1000].map(longest)).toEqual([500, 1000, 2000, 256_000, 300_000, 300_000]);
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10_000 }),
        fc.integer({ min: 0, max: 3_600_000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (failures, asked, random) => {
          const pause = retryDelay(failures, { retryAfterMs: asked, random });
          expect(pause).toBeGreaterThanOrEqual(asked);
          expect(pause).toBeGreaterThanOrEqual(longest(failures) / 2);
          expect(pause).toBeLessThanOrEqual(Math.max(asked, longest(failures)));
        },
      ),
    );
  });
});
