import { afterEach, describe, expect, it, vi } from 'vitest';
import { switchSource } from '../../commands/sources/control-source.ts';
import { readSourceState } from '../source-state.ts';
import { runSource } from '../keeping/run-source.ts';
import { llmFlow } from '../source-rig.ts';
import { decisionsMade, openStreamRig, type StreamRig } from '../stream-rig.ts';

let rig: StreamRig;
afterEach(() => rig.close());

/** Each run asks twice, for 2 tokens each: with these prices it costs 1 USD. */
const PRICES = { mock: { inputPerMillion: 250_000, outputPerMillion: 250_000 } };
async function open(decide: object, options: { readonly flow?: 'rules' | 'asking'; readonly prices?: object } = {}): Promise<void> {
  rig = await openStreamRig({ prices: options.prices ?? PRICES });
  const flow = options.flow === 'asking' ? { flow: rig.write('asking.yml', llmFlow()) } : {};
  await rig.create({ ...flow, more: { decide } });
}
const kill = (killed: boolean) => switchSource(rig.context, 's', { killed, reason: 'blocks everybody' });
const told = async () =>
  (await rig.decisions()).map(({ stage, status, action, reasonCodes, error, runId: _runId }) => ({
    stage,
    status,
    action,
    reasonCodes,
    error,
  }));

describe('with the kill switch on no flow runs', () => {
  it.each([
    ['open', { mode: 'open' }, 'allow'],
    ['closed', { mode: 'closed' }, 'block'],
    ['another name', { mode: 'closed', action: 'review' }, 'review'],
  ])('and each record gets the fallback: %s', async (_, fallback, action) => {
    await open({ fallback });
    await kill(true);
    rig.append({ id: '1', who: 'a', text: 'an offer' }, { id: '2', who: 'b', text: 'hi' });
    expect(await runSource(rig.context, 's')).toMatchObject({ decided: 2, failed: 0, held: null });
    expect(await told()).toEqual(
      Array.from({ length: 2 }, () => ({
        stage: 'fallback',
        status: 'failed',
        action,
        reasonCodes: ['kill_switch'],
        error: 'the kill switch is on: blocks everybody',
      })),
    );
    expect(await rig.context.storage.read.runs('default', { limit: 10 })).toEqual([]);
    await kill(false);
    rig.append({ id: '3', who: 'a', text: 'an offer' });
    await runSource(rig.context, 's');
    expect((await rig.decisions()).at(-1)).toMatchObject({ stage: 'live', label: 'spam', action: null });
  });

  it('and without a fallback records wait', async () => {
    await open({});
    await kill(true);
    rig.append({ id: '1', who: 'a', text: 'an offer' });
    expect(await runSource(rig.context, 's')).toMatchObject({
      records: 1,
      decided: 0,
      failed: 0,
      held: 'the kill switch is on: blocks everybody',
    });
    expect(await decisionsMade(rig.context)).toEqual([]);
    expect(await rig.status()).toMatchObject({ pending: 1, killed: 'blocks everybody' });
    await kill(false);
    expect(await runSource(rig.context, 's')).toMatchObject({ decided: 1, held: null });
  });

  it('a run that had begun is stopped, and its record gets the fallback', async () => {
    await open({ fallback: { mode: 'closed' } }, { flow: 'asking' });
    rig.append({ id: '1', who: 'a', text: 'one' });
    const user = new AbortController();
    rig.model.hold();
    const interrupted = runSource(rig.context, 's', { signal: user.signal });
    await rig.model.came(1);
    user.abort(new Error('interrupted'));
    await expect(interrupted).rejects.toThrow('interrupted');
    rig.model.release();
    expect(await rig.context.storage.events.unfinishedRuns('default')).toHaveLength(1);
    await kill(true);
    expect(await runSource(rig.context, 's')).toMatchObject({ decided: 1 });
    expect(await told()).toMatchObject([{ stage: 'fallback', action: 'block', reasonCodes: ['kill_switch'] }]);
    expect(await rig.context.storage.events.unfinishedRuns('default')).toEqual([]);
  });

  it('turned twice it says so once', async () => {
    await open({});
    expect([await kill(true), await kill(true), await kill(false), await kill(false)].map(({ changed }) => changed)).toEqual([
      true,
      false,
      true,
      false,
    ]);
    expect((await readSourceState(rig.context, 's')).killed).toBeNull();
  });
});

describe('a run that fails', () => {
  it.each([
    ['none', {}, { failed: 1, decided: 1 }, { stage: 'live', action: null }],
    ['open', { fallback: { mode: 'open' } }, { failed: 0, decided: 2 }, { stage: 'fallback', action: 'allow' }],
    ['closed', { fallback: { mode: 'closed' } }, { failed: 0, decided: 2 }, { stage: 'fallback', action: 'block' }],
  ])('gets the fallback %s, which is told with what went wrong', async (_, decide, counts, expected) => {
    await open(decide, { flow: 'asking' });
    rig.append({ id: '1', who: 'a', text: 'refuse me' }, { id: '2', who: 'b', text: 'fine' });
    expect(await runSource(rig.context, 's')).toMatchObject(counts);
    const [bad, good] = await told();
    expect(bad).toMatchObject({ ...expected, status: 'failed', reasonCodes: ['flow_failed'] });
    expect(bad?.error).toContain('400');
    expect(good).toMatchObject({ stage: 'live', status: 'succeeded', action: null, reasonCodes: [] });
    expect(await rig.status()).toMatchObject(counts);
  });
});

describe('the budget of a day', () => {
  const ten = Array.from({ length: 10 }, (_, i) => ({ id: `r-${i}`, who: 'a', text: `number ${i}` }));

  it('spent, records wait, and none of them is decided as failed', async () => {
    await open({ budget: { usdPerDay: 3 }, concurrency: 2 }, { flow: 'asking' });
    rig.append(...ten);
    const run = await runSource(rig.context, 's');
    // One subject: one run at a time, so that not a cent more is spent.
    expect(run).toMatchObject({ records: 10, decided: 3, failed: 0 });
    expect(run.held).toMatch(/^the budget of 3 USD for \d{4}-\d\d-\d\d is spent \(decide\.budget\.usdPerDay\)$/);
    expect(await rig.status()).toMatchObject({ pending: 7, decided: 3, failed: 0 });
    expect((await rig.decisions()).map(({ recordKey, cost }) => [recordKey, cost])).toEqual([
      ['r-0', 1],
      ['r-1', 1],
      ['r-2', 1],
    ]);
    expect(await runSource(rig.context, 's')).toMatchObject({ decided: 0, failed: 0 });

    const tomorrow = { ...rig.context, now: () => rig.context.now() + 24 * 3600_000 };
    expect(await runSource(tomorrow, 's')).toMatchObject({ decided: 3 });
    await rig.configure({ decide: {} });
    expect(await runSource(rig.context, 's')).toMatchObject({ decided: 4, held: null });
    expect((await rig.decisions()).map(({ recordKey }) => recordKey)).toEqual(ten.map(({ id }) => id));
  });

  it('in USD is refused where a model has no price, before anything is asked: it would never be spent', async () => {
    await open({ budget: { usdPerDay: 3 } }, { flow: 'asking', prices: {} });
    rig.append(...ten);
    await expect(runSource(rig.context, 's')).rejects.toMatchObject({
      code: 'usage',
      message:
        'node "first" of flow "asking": the model openai/mock has no price, so that the budget in USD (decide.budget.usdPerDay) could not be kept',
    });
    expect(rig.model.calls.size).toBe(0);
    await rig.configure({ decide: { budget: { tokensPerDay: 1_000 } } });
    expect(await runSource(rig.context, 's')).toMatchObject({ decided: 10 });
  });

  it('spent, records get the fallback where it is to stand in', async () => {
    await open({ budget: { tokensPerDay: 8, whenSpent: 'fallback' }, fallback: { mode: 'open' }, concurrency: 2 }, { flow: 'asking' });
    rig.append(...ten);
    expect(await runSource(rig.context, 's')).toMatchObject({ decided: 10, failed: 0, held: null });
    expect((await told()).map(({ stage, action, reasonCodes }) => `${stage ?? ''} ${action ?? ''} ${reasonCodes.join()}`)).toEqual([
      'live  ',
      'live  ',
      ...Array.from({ length: 8 }, () => 'fallback allow budget_spent'),
    ]);
    expect(rig.model.calls.size).toBe(4);
  });
});

describe('a rate', () => {
  it('is kept to', async () => {
    await open({ perSecond: 20 });
    rig.append(...Array.from({ length: 20 }, (_, i) => ({ id: `r-${i}`, who: `acct-${i}`, text: 'hi' })));
    const began = performance.now();
    await runSource(rig.context, 's');
    // 20 records at 20 a second, of which two may come at once.
    expect(performance.now() - began).toBeGreaterThan(850);
    await vi.waitFor(async () => expect(await rig.decisions()).toHaveLength(20));
  });
});
