import { describe, expect, it } from 'vitest';
import { sourceSettings, type SourceEvent } from '../../schemas/index.ts';
import { foldSource } from './source-state.ts';

const sourceId = 's';
const settings = sourceSettings.parse({ connector: { kind: 'push' } });
const flowOf = (name: string) => ({ flow: 'triage', flowVersion: name });
const created = (flowVersion: string | null): SourceEvent => ({
  type: 'SourceCreated',
  data: { sourceId, settings, flow: 'triage', flowVersion },
});
const set = (
  stage: 'live' | 'canary' | 'shadow',
  version: string | null,
  { share = null, isRollback = false }: { readonly share?: number | null; readonly isRollback?: boolean } = {},
): SourceEvent => ({
  type: 'SourceFlowSet',
  data: { sourceId, stage, flow: version === null ? null : flowOf(version), share, isRollback, reason: 'why', at: 1 },
});
const fold = (...events: readonly SourceEvent[]) => foldSource(events.map((event) => ({ type: event.type, data: event.data })));

describe('what the events of a source come to', () => {
  it('is nothing before its creation, and then a source that is stopped', () => {
    expect(fold(set('live', 'v2'))).toBeUndefined();
    expect(fold(created('v1'))).toEqual({
      sourceId,
      settings,
      live: flowOf('v1'),
      earlierLive: [],
      canary: null,
      shadow: null,
      hadShadow: false,
      wish: 'stop',
      wishReason: 'it was never started',
      killed: null,
      version: 1,
    });
  });

  it('goes back through several promotions, one at a time', () => {
    const steps = [created('v1'), set('live', 'v2'), set('live', 'v3')];
    const back = (version: string) => set('live', version, { isRollback: true });
    expect(fold(...steps)).toMatchObject({ live: flowOf('v3'), earlierLive: [flowOf('v1'), flowOf('v2')] });
    expect(fold(...steps, back('v2'))).toMatchObject({ live: flowOf('v2'), earlierLive: [flowOf('v1')] });
    expect(fold(...steps, back('v2'), back('v1'))).toMatchObject({ live: flowOf('v1'), earlierLive: [] });
    expect(fold(...steps, back('v2'), set('live', 'v4'))).toMatchObject({ live: flowOf('v4'), earlierLive: [flowOf('v1'), flowOf('v2')] });
  });

  it('the same version twice is one step, and "the latest" is nothing to go back to', () => {
    expect(fold(created('v1'), set('live', 'v2'), set('live', 'v2'))?.earlierLive).toEqual([flowOf('v1')]);
    expect(fold(created(null), set('live', 'v1'), set('live', 'v2'))).toMatchObject({ live: flowOf('v2'), earlierLive: [flowOf('v1')] });
  });

  it('stages beside the live one come and go, and live never is none', () => {
    const both = [created('v1'), set('shadow', 'v2'), set('canary', 'v3', { share: 0.1 })];
    expect(fold(...both)).toMatchObject({ live: flowOf('v1'), shadow: flowOf('v2'), canary: { flow: flowOf('v3'), share: 0.1 } });
    expect(fold(...both, set('canary', 'v3', { share: 0.3 }))?.canary).toEqual({ flow: flowOf('v3'), share: 0.3 });
    expect(fold(...both, set('live', 'v3'), set('canary', null))).toMatchObject({ live: flowOf('v3'), canary: null, shadow: flowOf('v2') });
    expect(fold(...both, set('shadow', null), set('live', null))).toMatchObject({ live: flowOf('v1'), shadow: null });
  });

  it('keeps what is wanted, the settings and the kill switch as they were said last', () => {
    const others = sourceSettings.parse({ connector: { kind: 'push', idField: 'id' } });
    const events: readonly SourceEvent[] = [
      created('v1'),
      { type: 'SourceControlled', data: { sourceId, wish: 'run', reason: 'a', at: 1 } },
      { type: 'SourceSwitched', data: { sourceId, killed: true, reason: 'blocks everybody', at: 2 } },
      { type: 'SourceConfigured', data: { sourceId, settings: others, at: 3 } },
    ];
    expect(fold(...events)).toMatchObject({ wish: 'run', wishReason: 'a', killed: 'blocks everybody', settings: others, version: 4 });
    expect(fold(...events, { type: 'SourceSwitched', data: { sourceId, killed: false, reason: '', at: 5 } })).toMatchObject({
      killed: null,
      version: 5,
    });
    expect(fold(...events, { type: 'SourceIncarnationRaised', data: { sourceId, incarnation: 2, reason: 'cut' } })).toEqual({
      ...fold(...events),
      version: 5,
    });
  });
});
