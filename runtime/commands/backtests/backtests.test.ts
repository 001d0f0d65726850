import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { App } from '../../open-app.ts';
import { OUTGOING_TYPES, outgoingOf } from '../../outbox/outgoing-events.ts';
import { runSource } from '../../streams/keeping/run-source.ts';
import { createFileSource, llmFlow, openRig, rulesFlow, startRigModel, type FileSource, type RigModel } from '../../streams/source-rig.ts';
import { listDecisions, type Decision } from '../decisions/decisions.ts';
import { controlSource, switchSource } from '../sources/control-source.ts';
import { compareDecisions } from './compare-decisions.ts';
import { replaySource, resumeReplay } from './replay-source.ts';
import { listBacktests, resumeBacktest, runBacktest, showBacktest, type BacktestRequest } from './run-backtest.ts';

let folder: string;
let app: App;
let model: RigModel;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'riskflow-backtest-'));
  model = await startRigModel();
  app = await openRig(join(folder, 'data'), model.environment);
});
afterEach(async () => {
  await app.close();
  await model.close();
  rmSync(folder, { recursive: true });
});

const write = (name: string, content: string): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
const ndjson = (records: readonly object[]): string => records.map((record) => `${JSON.stringify(record)}\n`).join('');
const RECORDS = [
  { id: 'a', text: 'an offer', truth: 'spam', at: '2026-11-20T10:00:00Z' },
  { id: 'b', text: 'hello', truth: 'ham', at: '2026-11-20T11:00:00Z' },
  { id: 'c', text: 'a second offer', truth: 'spam', at: '2026-11-21T10:00:00Z' },
  { id: 'd', text: 'win', truth: 'scam', at: '2026-11-21T11:00:00Z' },
];

/** A source "s" of those records, decided by the rules flow. */
async function decided(source: Partial<FileSource> = {}, records: readonly object[] = RECORDS): Promise<void> {
  const path = write('records.ndjson', ndjson(records));
  const more = { record: { inputs: {}, key: 'id', eventTime: 'at' } };
  await createFileSource(app.context, { sourceId: 's', path, flow: write('rules.yml', rulesFlow()), more, ...source });
  await runSource(app.context, 's');
}

const backtest = (request: Partial<BacktestRequest> = {}) =>
  runBacktest(app.context, {
    sourceId: 's',
    flow: write('other.yml', rulesFlow({ name: 'other', other: 'scam' })),
    range: {},
    pins: {},
    recorded: false,
    ...request,
  });
const decisions = async (mode: 'live' | 'backtest'): Promise<readonly Decision[]> =>
  [...(await listDecisions(app.context, { mode, limit: 5000 }))].sort((x, y) => (x.arrival ?? 0) - (y.arrival ?? 0) || x.replay - y.replay);
const counts = () => app.context.storage.inbox.counts('default', 's');
/** Ids of what the outbox tells outside. */
const told = async (): Promise<readonly string[]> =>
  (await app.context.storage.events.readLog('default', 'ledger', { limit: 5000 })).flatMap((event) =>
    OUTGOING_TYPES.includes(event.type) ? (outgoingOf(event)?.id ?? []) : [],
  );
const calls = (): number => [...model.calls.values()].reduce((sum, count) => sum + count, 0);

describe('a backtest', () => {
  it('holds another version against what was decided, and changes nothing of it', async () => {
    await decided();
    const before = [await decisions('live'), await counts(), await told()];
    const summary = await backtest({ label: 'truth' });
    expect(summary).toMatchObject({
      ...{ sourceId: 's', backtest: 1, status: 'finished', records: 4, open: 0, withoutLive: 0, agree: 2, differ: 2 },
      labels: [
        { live: 'ham', backtest: 'scam', count: 2 },
        { live: 'spam', backtest: 'spam', count: 2 },
      ],
      actions: [{ live: null, backtest: null, count: 4 }],
      changed: [
        { key: 'b', text: 'hello', label: { live: 'ham', backtest: 'scam' }, error: null },
        { key: 'd', text: 'win', label: { live: 'ham', backtest: 'scam' }, error: null },
      ],
      changedLeftOut: 0,
      errors: { live: 0, backtest: 0 },
      nodes: { performed: 0, recorded: 0, pinned: 0 },
      accuracy: {
        labelled: 4,
        unlabelled: 0,
        live: { correct: 3, accuracy: 0.75 },
        backtest: { correct: 3, accuracy: 0.75 },
        difference: { estimate: 0, test: 'newcombe-paired', n: 4 },
      },
    });
    expect([await decisions('live'), await counts(), await told()]).toEqual(before);
    const ours = await decisions('backtest');
    const live = await decisions('live');
    expect(ours.map(({ stage, replay, against }) => [stage, replay, against?.decisionId])).toEqual(
      live.map(({ decisionId }) => ['backtest', 1, decisionId]),
    );
    expect(await runSource(app.context, 's')).toMatchObject({ records: 0, decided: 0 });
  });

  it('is summed up again by show and resume, and the next one has the next number', async () => {
    await decided();
    const first = await backtest();
    expect(await showBacktest(app.context, 's', 1)).toEqual(first);
    expect(await resumeBacktest(app.context, { sourceId: 's', backtest: 1 })).toEqual(first);
    expect(await backtest({ flow: 'rules' })).toMatchObject({ backtest: 2, agree: 4, differ: 0 });
    expect(await listBacktests(app.context, 's')).toMatchObject([
      { backtest: 1, status: 'finished', records: 4, agree: 2, differ: 2, failed: 0 },
      { backtest: 2, status: 'finished', records: 4, agree: 4, differ: 0, failed: 0 },
    ]);
    expect(await decisions('backtest')).toHaveLength(8);
    await expect(showBacktest(app.context, 's', 3)).rejects.toMatchObject({ code: 'not_found', hint: 'it has 1, 2' });
  });

  it.each([
    ['arrivals', { arrivals: { first: 2, last: 3 } }, ['b', 'c']],
    ['a limit', { limit: 1 }, ['a']],
    ['event time', { from: Date.parse('2026-11-20T11:00:00Z'), to: Date.parse('2026-11-21T11:00:00Z') }, ['b', 'c']],
  ])('takes records by %s', async (_, range, keys) => {
    await decided();
    await backtest({ range });
    expect((await decisions('backtest')).map(({ recordKey }) => recordKey)).toEqual(keys);
  });

  it('compares nothing with records that nobody has decided', async () => {
    await decided();
    writeFileSync(join(folder, 'records.ndjson'), ndjson([{ id: 'e', text: 'later', at: '2026-11-22' }]), { flag: 'a' });
    await switchSource(app.context, 's', { killed: true, reason: 'test' });
    await runSource(app.context, 's');
    expect(await backtest()).toMatchObject({ records: 5, withoutLive: 1, agree: 2, differ: 2 });
    expect(await counts()).toMatchObject({ pending: 1, decided: 4 });
  });

  it.each<readonly [string, Partial<BacktestRequest>, string]>([
    ['a time without records', { range: { from: Date.parse('2030-01-01') } }, 'no record of source "s" happened in that time'],
    ['arrivals that are not there', { range: { arrivals: { first: 9, last: 10 } } }, 'source "s" has 4 records'],
    ['a label that is no path', { label: 'a..b' }, '--label a..b'],
    ['a flow that is not there', { flow: 'nothing' }, '"nothing" is neither a flow file nor a published flow'],
  ])('refuses %s, and writes nothing', async (_, request, message) => {
    await decided();
    await expect(backtest(request)).rejects.toThrow(message);
    expect(await listBacktests(app.context, 's')).toEqual([]);
  });

  it('is worked on by one process at a time', async () => {
    await decided({ flow: write('asking.yml', llmFlow()) });
    model.hold();
    const request = { sourceId: 's', flow: 'asking', range: {}, pins: {}, recorded: false };
    const begun = await new Promise<{ readonly running: Promise<unknown> }>((resolve) => {
      const running = runBacktest(app.context, request, { onStarted: () => setImmediate(() => resolve({ running })) });
    });
    const other = await openRig(join(folder, 'data'), model.environment);
    await expect(resumeBacktest(other.context, { sourceId: 's', backtest: 1 })).rejects.toMatchObject({ code: 'busy' });
    await other.close();
    model.release();
    const releasing = setInterval(() => model.release(), 5);
    expect(await begun.running).toMatchObject({ agree: 4 });
    clearInterval(releasing);
  });
});

describe('answers of a backtest', () => {
  it('are asked for anew without --recorded', async () => {
    await decided({ flow: write('asking.yml', llmFlow()) });
    expect(calls()).toBe(8);
    expect(await backtest({ flow: 'asking' })).toMatchObject({ agree: 4, nodes: { performed: 8, recorded: 0 } });
    expect(calls()).toBe(16);
  });

  it('are those of the live runs with it, where the same is asked', async () => {
    await decided({ flow: write('asking.yml', llmFlow()) });
    expect(await backtest({ flow: 'asking', recorded: true })).toMatchObject({
      ...{ agree: 4, differ: 0, errors: { live: 0, backtest: 0 } },
      nodes: { performed: 0, recorded: 8, pinned: 0 },
      tokens: { live: { input: 8, output: 8 } },
    });
    expect(calls()).toBe(8);
  });

  it('are asked for where another prompt asks something else', async () => {
    await decided({ flow: write('asking.yml', llmFlow()) });
    const changed = llmFlow().replace('second {{#start.text#}}', 'other {{#start.text#}}');
    const flow = write('changed.yml', changed);
    expect(await backtest({ flow, recorded: true })).toMatchObject({
      agree: 0,
      differ: 4,
      nodes: { performed: 4, recorded: 4, pinned: 0 },
    });
    expect([...model.calls].filter(([prompt]) => prompt.startsWith('first')).map(([, count]) => count)).toEqual([1, 1, 1, 1]);
    expect((await decisions('backtest')).map(({ label }) => label)).toEqual(RECORDS.map(({ text }) => `OTHER ${text.toUpperCase()}`));
  });

  it('are those of the pins where there are some', async () => {
    await decided({ flow: write('asking.yml', llmFlow()) });
    expect(await backtest({ flow: 'asking', pins: { second: { outputs: { text: 'pinned' } } } })).toMatchObject({
      labels: RECORDS.map(() => ({ backtest: 'pinned', count: 1 })),
      nodes: { performed: 4, recorded: 0, pinned: 4 },
      pinned: ['second'],
    });
  });

  it('that failed are failed decisions, and the budget of backtests ends it for the day, not that of the source', async () => {
    const settings = { decide: { budget: { tokensPerDay: 21 } }, record: { inputs: {}, key: 'id' } };
    await decided({ flow: write('asking.yml', llmFlow()), more: settings });
    expect(calls()).toBe(8);
    expect(await backtest({ flow: write('refused.yml', llmFlow({ mark: ' refuse' })) })).toMatchObject({
      errors: { live: 0, backtest: 4 },
      differ: 4,
    });
    await backtest({ flow: join(folder, 'asking.yml'), range: { limit: 2 } });
    await backtest({ flow: join(folder, 'asking.yml') });
    const asked = calls();
    await expect(backtest({ flow: join(folder, 'asking.yml') })).rejects.toThrow(
      /the budget of backtests of 21 tokens .* is spent \(decide\.budget\.tokensPerDay\); what is decided is stored/,
    );
    expect(calls()).toBe(asked);
    expect((await listBacktests(app.context, 's')).map(({ status }) => status)).toEqual(['finished', 'finished', 'finished', 'unfinished']);
    // 16 of its own 21 tokens: what backtests spend is none of the source's.
    appendFileSync(join(folder, 'records.ndjson'), ndjson([{ id: 'e', text: 'new' }]));
    expect(await runSource(app.context, 's')).toMatchObject({ decided: 1, held: null });
  });

  it('may cost what the budget of backtests says, one record at a time', async () => {
    const settings = { decide: { backtestBudget: { tokensPerDay: 8 } }, record: { inputs: {}, key: 'id' } };
    await decided({ flow: write('asking.yml', llmFlow()), more: settings });
    await expect(backtest({ flow: 'asking', concurrency: 1 })).rejects.toThrow(/\(decide\.backtestBudget\.tokensPerDay\)/);
    // Two runs are in flight for one call; a third may have begun when the first two had not told what they cost.
    expect((await decisions('backtest')).length).toBeLessThanOrEqual(3);
  });
});

describe('a replay', () => {
  const replay = (request: Partial<Parameters<typeof replaySource>[1]> = {}) =>
    replaySource(app.context, {
      sourceId: 's',
      range: {},
      reason: 'test',
      flow: write('other.yml', rulesFlow({ name: 'other', other: 'scam' })),
      ...request,
    });
  const pause = () => controlSource(app.context, 's', { wish: 'pause', reason: 'test' });

  it('decides again for real, and tells the new decisions behind the earlier ones', async () => {
    await decided();
    await pause();
    const before = await told();
    expect(await replay()).toEqual({ sourceId: 's', replay: 1, records: 4, decided: 4, failed: 0, left: 0, missing: null });
    const live = await decisions('live');
    expect(live.map(({ recordKey, replay: n, stage, label }) => [recordKey, n, stage, label])).toEqual([
      ['a', 0, 'live', 'spam'],
      ['a', 1, 'live', 'spam'],
      ['b', 0, 'live', 'ham'],
      ['b', 1, 'live', 'scam'],
      ['c', 0, 'live', 'spam'],
      ['c', 1, 'live', 'spam'],
      ['d', 0, 'live', 'ham'],
      ['d', 1, 'live', 'scam'],
    ]);
    const after = await told();
    expect(after.slice(0, 4)).toEqual(before);
    expect(new Set(after).size).toBe(8);
    expect(await counts()).toMatchObject({ pending: 0, decided: 4 });
    expect(await replay({ range: { arrivals: { first: 1, last: 1 } } })).toMatchObject({ replay: 2, records: 1 });
    expect(await resumeReplay(app.context, { sourceId: 's', replay: 1 })).toMatchObject({ records: 4, decided: 4 });
    // A backtest is held against the last of them.
    expect(await backtest()).toMatchObject({ agree: 4, differ: 0 });
  });

  it('leaves to the source what it has not decided, and mends what had failed', async () => {
    const flow = write('asking.yml', llmFlow());
    await decided({ flow }, [
      { id: 'a', text: 'refuse this', at: '2026-11-20' },
      { id: 'b', text: 'fine', at: '2026-11-20' },
    ]);
    expect(await counts()).toMatchObject({ decided: 1, failed: 1 });
    writeFileSync(join(folder, 'records.ndjson'), ndjson([{ id: 'c', text: 'later', at: '2026-11-20' }]), { flag: 'a' });
    await switchSource(app.context, 's', { killed: true, reason: 'test' });
    await runSource(app.context, 's');
    await expect(replay()).rejects.toThrow('its kill switch is on (test)');
    await switchSource(app.context, 's', { killed: false, reason: 'test' });
    await pause();
    expect(await replay()).toMatchObject({ records: 3, decided: 2, failed: 0, left: 1 });
    expect(await counts()).toMatchObject({ pending: 1, decided: 2, failed: 0 });
    expect(await runSource(app.context, 's')).toMatchObject({ decided: 1 });
  });

  it('is refused while the source runs, and while another process decides its records', async () => {
    await decided();
    await controlSource(app.context, 's', { wish: 'run', reason: 'test' });
    await expect(replay()).rejects.toMatchObject({ code: 'conflict', hint: expect.stringContaining('riskflow source pause s') as string });
    await pause();
    const other = await openRig(join(folder, 'data'));
    const { leases } = other.context.storage;
    const taken = await leases.take('default', 'source/s/part/3', other.context.owner, {
      now: Date.now(),
      ttlMs: 10_000,
      isDead: () => false,
    });
    await expect(replay()).rejects.toMatchObject({ code: 'busy' });
    if (taken.status === 'taken') await leases.release('default', taken.fence);
    await other.close();
    expect((await decisions('live')).every(({ replay: n }) => n === 0)).toBe(true);
    expect(await replay()).toMatchObject({ replay: 1, decided: 4 });
  });
});

describe('decision compare', () => {
  it('counts what a backtest said beside the live decisions, and lists the last that differ', async () => {
    await decided();
    await expect(compareDecisions(app.context, { sourceId: 's', mode: 'backtest', limit: 5 })).rejects.toMatchObject({ code: 'not_found' });
    await backtest();
    await backtest({ flow: 'rules' });
    expect(await compareDecisions(app.context, { sourceId: 's', mode: 'backtest', limit: 5 })).toMatchObject({
      replay: 2,
      compared: 4,
      agree: 4,
      differ: 0,
    });
    expect(await compareDecisions(app.context, { sourceId: 's', mode: 'backtest', replay: 1, limit: 1 })).toMatchObject({
      ...{ compared: 4, agree: 2, differ: 2 },
      disagreements: [{ label: 'scam', against: { label: 'ham' }, agrees: false }],
    });
    expect(await compareDecisions(app.context, { sourceId: 's', mode: 'shadow', limit: 5 })).toMatchObject({
      compared: 0,
      disagreements: [],
    });
  });
});
