import { describe, expect, it } from 'vitest';
import type { Json } from '../../../schemas/index.ts';
import { textOf } from '../../context.ts';
import type { PendingRecord } from '../duplicate-keys.ts';
import { decisionEnd, runIdOf, type Conclusion, type DecisionName } from './record-decision.ts';

const name: DecisionName = { recordId: '1c12c42d432bf5a6338460473db529b1', mode: 'live', replay: 0 };
const record: PendingRecord = {
  recordId: name.recordId,
  origin: { sourceId: 's', incarnation: 1, topic: 't', partition: 0, offset: 0 },
  key: 'k',
  body: '{}',
  receivedAt: 1,
  arrival: 1,
};
const end = (conclusion: Partial<Conclusion>) =>
  decisionEnd(record, { name, flow: 'f', flowVersion: 'v' }, { status: 'succeeded', outputs: {}, error: null, ...conclusion });
const dataOf = (conclusion: Partial<Conclusion>) => end(conclusion).appends[0]?.events[0]?.data;

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
    expect(unit.appends).toMatchObject([{ log: 'ledger', stream: 'source/s', events: [{ type: 'DecisionMade' }] }]);
    expect(unit.blobs?.map(({ bytes, referrer }) => [textOf(bytes), referrer])).toEqual([['{"label":"spam"}', 'source/s']]);
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
});
