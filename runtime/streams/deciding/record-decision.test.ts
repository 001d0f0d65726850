import { describe, expect, it } from 'vitest';
import type { ArrivedRecord, Json } from '../../../schemas/index.ts';
import { textOf } from '../../context.ts';
import { decisionEnd, decisionOf, NO_FINDINGS, runIdOf, type Conclusion, type DecidedBy, type DecisionName } from './record-decision.ts';

const name: DecisionName = { recordId: '1c12c42d432bf5a6338460473db529b1', mode: 'live', replay: 0 };
const record: ArrivedRecord = {
  recordId: name.recordId,
  origin: { sourceId: 's', incarnation: 1, topic: 't', partition: 0, offset: 0 },
  key: 'k',
  subject: 'acct-1',
  category: 'scam',
  reporter: null,
  eventTime: 900,
  body: '{}',
  meta: null,
  lane: 3,
  receivedAt: 1000,
  arrival: 1,
};
const by: DecidedBy = {
  name,
  flow: 'f',
  flowVersion: 'v',
  stage: 'live',
  inputsHash: 'i',
  against: null,
  findings: NO_FINDINGS,
  fallback: { mode: 'none' },
  now: 1250,
};
const end = (conclusion: Partial<Conclusion>, more: Partial<DecidedBy> = {}) =>
  decisionEnd(record, decisionOf(record, { ...by, ...more }, { status: 'succeeded', outputs: {}, error: null, ...conclusion }));
const dataOf = (conclusion: Partial<Conclusion>, more: Partial<DecidedBy> = {}) => end(conclusion, more).appends[0]?.events[0]?.data;

describe('the decision about a record', () => {
  it('has a fixed run id: runs in data folders depend on it', () => {
    expect(runIdOf(name)).toBe('a807b5c94b81a54245aee090795bdc0e');
    const others: readonly Partial<DecisionName>[] = [{ recordId: 'x' }, { mode: 'shadow' }, { mode: 'backtest' }, { replay: 1 }];
    expect(new Set([{}, ...others].map((other) => runIdOf({ ...name, ...other }))).size).toBe(5);
  });

  it('is claimed by record, mode and replay, and finishes the record in the same unit', () => {
    const unit = end({ outputs: { label: 'spam' } });
    expect(unit.claims).toEqual([{ scope: 'decision', key: `${name.recordId}/live/0`, value: runIdOf(name) }]);
    expect(unit.inboxDone).toEqual([{ sourceId: 's', recordId: name.recordId, outcome: 'decided' }]);
    expect(unit.appends).toMatchObject([{ log: 'ledger', stream: 'decisions/s/3', events: [{ type: 'DecisionMade' }] }]);
    expect(unit.blobs?.map(({ bytes, referrer }) => [textOf(bytes), referrer])).toEqual([['{"label":"spam"}', 'decisions/s/3']]);
    expect(dataOf({ outputs: { label: 'spam' } })).toMatchObject({
      recordKey: 'k',
      runId: runIdOf(name),
      outputs: unit.blobs?.[0]?.sha256,
    });
  });

  it.each([
    ['succeeded', 'decided'],
    ['partial-succeeded', 'decided'],
    ['failed', 'failed'],
    ['stopped', 'failed'],
  ] as const)('of a run that %s leaves the record %s', (status, outcome) => {
    expect(end({ status, outputs: null }).inboxDone?.[0]?.outcome).toBe(outcome);
  });

  const labels: readonly (readonly [string, Json, string | null])[] = [
    ['the output named label', { score: 1, label: 'spam' }, 'spam'],
    ['the only output', { verdict: 'spam' }, 'spam'],
    ['none of several', { a: 'spam', b: 'ham' }, null],
    ['no output that is not text', { label: 1 }, null],
    ['nothing in place of a label that is no text', { label: null }, null],
    ['no long text', { answer: 'x'.repeat(201) }, null],
    ['a text that is just short enough', { answer: 'x'.repeat(200) }, 'x'.repeat(200)],
    ['nothing where there are no outputs', {}, null],
    ['nothing when the run failed', null, null],
  ];
  it.each(labels)('has as its label %s', (_, outputs, label) => {
    expect(dataOf({ outputs })).toMatchObject({ label });
  });

  it('tells who it is about, how long it took and what it cost', () => {
    const usage = { inputTokens: 10, outputTokens: 2, cost: 0.5, calls: 1 };
    expect(dataOf({ usage, elapsedMs: 40 })).toMatchObject({
      subject: 'acct-1',
      category: 'scam',
      eventTime: 900,
      lane: 3,
      arrival: 1,
      stage: 'live',
      latencyMs: 250,
      elapsedMs: 40,
      cost: 0.5,
      tokens: { input: 10, output: 2 },
      decidedAt: 1250,
    });
  });

  const told: readonly (readonly [Json, object])[] = [
    [
      { score: 0.5, action: 'block', reason_codes: ['R1', 'R2'] },
      { score: 0.5, action: 'block', reasonCodes: ['R1', 'R2'] },
    ],
    [
      { score: { $float: 2 }, action: 7, reason_codes: 'R1, R2 ,' },
      { score: 2, action: null, reasonCodes: ['R1', 'R2'] },
    ],
    [
      { score: 'high', action: '', reason_codes: [1, 'x'.repeat(201), 'R'] },
      { score: null, action: null, reasonCodes: ['R'] },
    ],
    [{ reason_codes: Array.from({ length: 60 }, (_, i) => `R${i}`) }, { reasonCodes: Array.from({ length: 50 }, (_, i) => `R${i}`) }],
  ];
  it.each(told)('takes score, action and reason codes from %j', (outputs, data) => {
    expect(dataOf({ outputs })).toMatchObject(data);
  });

  it.each([
    ['none', undefined, null, 'failed', 'live'],
    ['open', undefined, 'allow', 'decided', 'fallback'],
    ['closed', undefined, 'block', 'decided', 'fallback'],
    ['closed', 'review', 'review', 'decided', 'fallback'],
  ] as const)('of a run that failed under the fallback %s (%s) has the action %s', (mode, action, expected, outcome, stage) => {
    const fallback = action === undefined ? { mode } : { mode, action };
    const unit = end({ status: 'failed', outputs: null, error: 'no' }, { fallback });
    expect(unit.inboxDone).toMatchObject([{ outcome }]);
    expect(unit.appends[0]?.events[0]?.data).toMatchObject({ action: expected, stage, status: 'failed', reasonCodes: ['flow_failed'] });
    const killed = dataOf({ status: 'failed', outputs: null, error: 'no' }, { fallback, reason: 'kill_switch' });
    expect(killed).toMatchObject({ reasonCodes: ['kill_switch'] });
  });

  it('beside the live one says nothing about whether the record is done', () => {
    const shadow = { name: { ...name, mode: 'shadow' as const }, stage: 'shadow' as const };
    expect(end({ outputs: { label: 'spam' } }, shadow).inboxDone).toBeUndefined();
  });
});
