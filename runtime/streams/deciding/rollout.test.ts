import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { publishFlowFile } from '../../commands/flows.ts';
import { endStage, promoteFlow, rollBackFlow } from '../../commands/sources/rollout.ts';
import { runSource } from '../keeping/run-source.ts';
import { llmFlow, rulesFlow } from '../source-rig.ts';
import { readSourceState } from '../source-state.ts';
import { decisionsMade, openStreamRig, type StreamRig } from '../stream-rig.ts';

let rig: StreamRig;
beforeEach(async () => {
  rig = await openStreamRig();
});
afterEach(() => rig.close());

const people = (count: number, from = 0) =>
  Array.from({ length: count }, (_, i) => ({ id: `r-${from + i}`, who: `acct-${(from + i) % 40}`, text: i % 4 === 0 ? 'an offer' : 'hi' }));
const v2 = (): string => rig.write('rules-v2.yml', rulesFlow({ other: 'fine' }));
const promote = (stage: 'live' | 'canary' | 'shadow', more: { readonly flow?: string; readonly share?: number } = {}) =>
  promoteFlow(rig.context, {
    sourceId: 's',
    flow: more.flow ?? v2(),
    stage,
    reason: 'test',
    ...(more.share === undefined ? {} : { share: more.share }),
  });
const state = () => readSourceState(rig.context, 's');
const noKey = { kind: 'none', code: 'missing_key', message: 'no key', hint: 'set one' } as const;
const soon = { timeout: 8_000, interval: 50 };

describe('a shadow', () => {
  it('decides every record beside the live flow, and nothing acts on it', async () => {
    await rig.create();
    await promote('shadow');
    rig.append(...people(20));
    expect(await runSource(rig.context, 's')).toMatchObject({ decided: 20, failed: 0, shadowed: 20 });
    const [live, shadow] = [await rig.decisions('live'), await rig.decisions('shadow')];
    expect(shadow.map(({ recordKey }) => recordKey)).toEqual(live.map(({ recordKey }) => recordKey));
    expect(new Set(live.map(({ stage }) => stage))).toEqual(new Set(['live']));
    for (const [i, each] of shadow.entries()) {
      const beside = live[i];
      expect(each).toMatchObject({
        stage: 'shadow',
        label: beside?.label === 'spam' ? 'spam' : 'fine',
        against: { decisionId: beside?.decisionId, label: beside?.label, flowVersion: beside?.flowVersion },
      });
    }
    expect(await rig.status()).toMatchObject({ pending: 0, decided: 20, failed: 0 });
  });

  it('what it says otherwise is a read model', async () => {
    await rig.create();
    await promote('shadow');
    rig.append(...people(20));
    await runSource(rig.context, 's');
    await rig.context.storage.projections.catchUp('default');
    const { read } = rig.context.storage;
    const differing = await read.comparedDecisions('default', { sourceId: 's', mode: 'shadow', agrees: false, limit: 100 });
    expect(differing.length).toBe(15);
    expect(new Set(differing.map(({ label, against }) => `${against.label ?? ''} → ${label ?? ''}`))).toEqual(new Set(['ham → fine']));
    expect(await read.comparedDecisions('default', { sourceId: 's', mode: 'shadow', agrees: true, limit: 100 })).toHaveLength(5);
  });

  it('is not asked by a record that the kill switch is on for, and one that fails changes nothing of the live decision', async () => {
    await rig.create();
    await promote('shadow', { flow: rig.write('asking.yml', llmFlow()) });
    rig.append({ id: '1', who: 'a', text: 'refuse me' }, { id: '2', who: 'a', text: 'an offer' });
    expect(await runSource(rig.context, 's')).toMatchObject({ decided: 2, failed: 0, shadowed: 2 });
    expect((await rig.decisions('shadow')).map(({ status, action }) => [status, action])).toEqual([
      ['failed', null],
      ['succeeded', null],
    ]);
    expect((await rig.decisions('live')).map(({ label, stage }) => [label, stage])).toEqual([
      ['ham', 'live'],
      ['spam', 'live'],
    ]);
  });

  it('whose work was cut off goes on at the next start: no record misses its decision, and nothing is decided twice', async () => {
    await rig.create();
    await promote('shadow', { flow: rig.write('asking.yml', llmFlow()) });
    rig.append(...people(6));
    const user = new AbortController();
    rig.model.hold();
    const interrupted = runSource(rig.context, 's', { signal: user.signal });
    await rig.model.came(4);
    user.abort(new Error('interrupted'));
    await expect(interrupted).rejects.toThrow('interrupted');
    rig.model.release();
    const before = await decisionsMade(rig.context);
    expect(before.filter(({ mode }) => mode === 'live').length).toBeGreaterThanOrEqual(4);
    expect(before.filter(({ mode }) => mode === 'shadow')).toEqual([]);

    expect(await runSource(rig.context, 's')).toMatchObject({ decided: 6, shadowed: 6, failed: 0 });
    const after = await decisionsMade(rig.context);
    for (const mode of ['live', 'shadow'])
      expect(after.flatMap((each) => (each.mode === mode ? [each.recordKey ?? ''] : [])).toSorted()).toEqual(people(6).map(({ id }) => id));
    expect(after.slice(0, before.length)).toEqual(before);
    expect(await rig.context.storage.events.unfinishedRuns('default')).toEqual([]);
    expect(await rig.status()).toMatchObject({ pending: 0, decided: 6 });
  });

  it('that is ended while records wait for it leaves them as they were decided', async () => {
    await rig.create({ more: { onDuplicateKey: 'keep' } });
    await promote('shadow', { flow: rig.write('asking.yml', llmFlow()) });
    rig.append(...people(3));
    const user = new AbortController();
    rig.model.hold();
    const interrupted = runSource(rig.context, 's', { signal: user.signal });
    await rig.model.came(3);
    user.abort(new Error('interrupted'));
    await expect(interrupted).rejects.toThrow('interrupted');
    rig.model.release();
    await endStage(rig.context, 's', { stage: 'shadow', reason: 'test' });
    const before = await decisionsMade(rig.context);
    expect(await runSource(rig.context, 's')).toMatchObject({ decided: 3, superseded: 0, shadowed: 0 });
    expect(await decisionsMade(rig.context)).toEqual(before);
    expect(await rig.status()).toMatchObject({ pending: 0, decided: 3, superseded: 0 });
  });
});

describe('a canary', () => {
  it('decides about its share of the subjects, always the same ones, and its promotion ends it', async () => {
    await rig.create();
    await promote('canary', { share: 0.3 });
    rig.append(...people(80));
    await runSource(rig.context, 's');
    const stageOf = new Map<string, Set<string>>();
    const live = await rig.decisions();
    for (const { subject, stage } of live) stageOf.set(subject ?? '', (stageOf.get(subject ?? '') ?? new Set()).add(stage ?? ''));
    expect([...stageOf.values()].every((stages) => stages.size === 1)).toBe(true);
    const chosen = [...stageOf].filter(([, stages]) => stages.has('canary')).map(([subject]) => subject);
    expect(chosen.length).toBeGreaterThan(3);
    expect(chosen.length).toBeLessThan(25);
    const flows = new Map(live.map(({ stage, flowVersion }) => [stage, flowVersion]));
    expect(flows.get('canary')).not.toBe(flows.get('live'));
    for (const { stage, label } of live.filter(({ label: said }) => said !== 'spam'))
      expect(label).toBe(stage === 'canary' ? 'fine' : 'ham');

    const promoted = await promote('live');
    expect(promoted.before).toMatchObject({ flow: 'rules', flowVersion: flows.get('live') });
    expect(await state()).toMatchObject({ canary: null, live: { flowVersion: flows.get('canary') } });
    rig.append(...people(20, 80));
    await runSource(rig.context, 's');
    expect(new Set((await rig.decisions()).slice(80).map(({ stage, flowVersion }) => `${stage ?? ''} ${flowVersion}`))).toEqual(
      new Set([`live ${flows.get('canary') ?? ''}`]),
    );
  });

  it('that was a shadow before is both no more once it is live: it would only decide twice', async () => {
    await rig.create();
    await promote('shadow');
    await promote('canary', { share: 0.5 });
    expect(await state()).toMatchObject({ canary: { share: 0.5 }, shadow: { flow: 'rules' } });
    await promote('live');
    expect(await state()).toMatchObject({ canary: null, shadow: null });
    const other = await promote('shadow', { flow: rig.write('rules-v3.yml', rulesFlow({ other: 'good' })) });
    await promote('live');
    expect(await state()).toMatchObject({ shadow: { flowVersion: other.flowVersion } });
  });

  it.each([0, 1.5, undefined])('with the share %s is refused', async (share) => {
    await rig.create();
    await expect(promote('canary', share === undefined ? {} : { share })).rejects.toMatchObject({
      code: 'usage',
      message: 'a canary needs a share of the subjects above 0 and at most 1',
    });
    expect(await state()).toMatchObject({ canary: null, earlierLive: [] });
  });
});

describe('a canary that is rolled back while its runs are cut off', () => {
  it('ends those as what they were, under its version; whatever comes then is decided by the live flow', async () => {
    await rig.create();
    const first = (await state()).live;
    const { flowVersion } = await promote('canary', { flow: rig.write('asking.yml', llmFlow()), share: 1 });
    rig.append(...people(3));
    const user = new AbortController();
    rig.model.hold();
    const interrupted = runSource(rig.context, 's', { signal: user.signal });
    await rig.model.came(3);
    user.abort(new Error('interrupted'));
    await expect(interrupted).rejects.toThrow('interrupted');
    rig.model.release();
    expect(await rollBackFlow(rig.context, 's', 'test')).toMatchObject({ ended: 'canary' });
    rig.append(...people(2, 3));
    expect(await runSource(rig.context, 's')).toMatchObject({ decided: 5, failed: 0 });
    expect((await rig.decisions()).map(({ stage, flowVersion: by }) => [stage, by])).toEqual([
      ...[0, 1, 2].map(() => ['canary', flowVersion]),
      ...[3, 4].map(() => ['live', first.flowVersion]),
    ]);
  });
});

describe('a rollout of a source that takes the latest version', () => {
  beforeEach(async () => {
    await publishFlowFile(rig.context, rig.write('rules.yml', rulesFlow()));
    await rig.create({ flow: 'rules' });
  });

  it.each(['shadow', 'canary'] as const)('a version that is tried as %s does not become live by being published', async (stage) => {
    rig.append(...people(8));
    await promote(stage, stage === 'canary' ? { share: 0.01 } : {});
    await runSource(rig.context, 's');
    expect(new Set((await rig.decisions()).map(({ label }) => label))).toEqual(new Set(['ham', 'spam']));
  });

  it('goes back to the version that was live before', async () => {
    const { before, flowVersion } = await promote('live');
    rig.append(...people(4));
    await runSource(rig.context, 's');
    expect(await rollBackFlow(rig.context, 's', 'test')).toMatchObject({
      ended: 'live',
      live: { flow: 'rules', flowVersion: before?.flowVersion },
    });
    expect(before?.flowVersion).not.toBe(flowVersion);
    rig.append(...people(4, 4));
    await runSource(rig.context, 's');
    expect((await rig.decisions()).map(({ label }) => label)).toEqual(['spam', 'fine', 'fine', 'fine', 'spam', 'ham', 'ham', 'ham']);
  });
});

describe('taking a rollout back', () => {
  it('ends the canary first, then goes back one live flow at a time, and says when there is none', async () => {
    await rig.create();
    const first = (await state()).live;
    const second = await promote('live');
    await promote('canary', { flow: rig.write('rules-v3.yml', rulesFlow({ other: 'good' })), share: 0.5 });
    expect(await rollBackFlow(rig.context, 's', 'r')).toMatchObject({ ended: 'canary', live: { flowVersion: second.flowVersion } });
    expect(await rollBackFlow(rig.context, 's', 'r')).toEqual({ ended: 'live', live: first });
    await expect(rollBackFlow(rig.context, 's', 'r')).rejects.toMatchObject({
      code: 'conflict',
      message: 'source "s" has had no other live flow than "rules"',
    });
    expect(await state()).toMatchObject({ live: first, canary: null, earlierLive: [] });
  });

  it('by two at once is one step back', async () => {
    await rig.create();
    const first = (await state()).live;
    const second = await promote('live');
    await promote('live', { flow: rig.write('rules-v3.yml', rulesFlow({ other: 'good' })) });
    const both = await Promise.allSettled([rollBackFlow(rig.context, 's', 'one'), rollBackFlow(rig.context, 's', 'two')]);
    expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(both.find((each) => each.status === 'rejected')?.reason).toMatchObject({
      code: 'conflict',
      message: 'somebody else has changed the source "s" at the same moment; nothing was changed here',
    });
    expect(await state()).toMatchObject({ live: { flowVersion: second.flowVersion }, earlierLive: [first] });
  });

  it('the same version promoted twice is one step', async () => {
    await rig.create();
    const first = (await state()).live;
    await promote('live');
    await promote('live');
    expect(await rollBackFlow(rig.context, 's', 'r')).toEqual({ ended: 'live', live: first });
  });

  it('a stage that is not there is ended without a word in the ledger', async () => {
    await rig.create();
    const { version } = await state();
    expect(await endStage(rig.context, 's', { stage: 'canary', reason: 'r' })).toEqual({ changed: false });
    expect((await state()).version).toBe(version);
  });
});

describe('a flow that does not fit', () => {
  it('is refused with the reason, is not published, and changes nothing', async () => {
    await rig.create({ more: { record: { inputs: { score: 'points' } } } });
    const before = await state();
    const head = await rig.context.storage.events.head('default', 'ledger');
    await expect(promote('live', { flow: rig.write('asking.yml', llmFlow()) })).rejects.toMatchObject({
      code: 'usage',
      message: 'flow "asking" does not fit source "s": record.inputs.score: flow "asking" has no input "score"',
    });
    expect(await state()).toEqual(before);
    expect(await rig.context.storage.events.head('default', 'ledger')).toBe(head);
  });
});

describe('a flow whose model is not there', () => {
  it('is refused before it decides anything', async () => {
    await rig.create();
    const { version } = await state();
    const flow = rig.write('foreign.yml', llmFlow().replaceAll('"provider":"openai"', '"provider":"nobody"'));
    await expect(promote('shadow', { flow })).rejects.toThrow(/^node "first" of flow "asking": .*nobody/);
    expect(await state()).toMatchObject({ version, shadow: null });
  });
});

describe('whoever works on the source', () => {
  it('lets its records wait, and says why, when a flow is promoted whose model only others can ask', { timeout: 30_000 }, async () => {
    await rig.create({ more: { decide: { fallback: { mode: 'closed' } } } });
    const keyless = { ...rig.context, models: () => ({ resolve: () => Promise.resolve(noKey) }) };
    rig.keep(keyless);
    rig.append({ id: '1', who: 'a', text: 'hi' });
    await vi.waitFor(async () => expect(await rig.decisions()).toHaveLength(1), soon);
    await promote('live', { flow: rig.write('asking.yml', llmFlow()) });
    const waits = { task: 'decide/0', state: 'paused', trace: 'its flows cannot be asked here: node "first" of flow "asking": no key' };
    await vi.waitFor(async () => expect((await rig.status()).tasks).toContainEqual(expect.objectContaining(waits)), soon);
    rig.append({ id: '2', who: 'a', text: 'hi' });
    await vi.waitFor(async () => expect(await rig.status()).toMatchObject({ pending: 1, decided: 1 }), soon);
    await rollBackFlow(rig.context, 's', 'test');
    await vi.waitFor(
      async () =>
        expect((await rig.decisions()).map(({ stage, label }) => [stage, label])).toEqual([
          ['live', 'ham'],
          ['live', 'ham'],
        ]),
      soon,
    );
  });

  it('takes each step of a rollout within two seconds, without a restart', { timeout: 30_000 }, async () => {
    await rig.create();
    const { news } = rig.keep();
    rig.append({ id: '1', who: 'a', text: 'hi' });
    await vi.waitFor(async () => expect((await rig.decisions()).map(({ label }) => label)).toEqual(['ham']), soon);
    let sent = 1;
    /** The label of a record that comes now. */
    const nextLabel = async (): Promise<string | null | undefined> => {
      sent++;
      rig.append({ id: String(sent), who: 'a', text: 'hi' });
      await vi.waitFor(async () => expect(await rig.decisions()).toHaveLength(sent), soon);
      return (await rig.decisions()).at(-1)?.label;
    };
    const becomes = async (label: string): Promise<number> => {
      const began = performance.now();
      while ((await nextLabel()) !== label) if (performance.now() - began > 10_000) throw new Error(`it never became ${label}`);
      return performance.now() - began;
    };
    await promote('live');
    expect(await becomes('fine')).toBeLessThan(4_000);
    await rollBackFlow(rig.context, 's', 'test');
    expect(await becomes('ham')).toBeLessThan(4_000);
    expect(news.filter(({ kind }) => kind === 'notice')).toEqual([]);
  });
});
