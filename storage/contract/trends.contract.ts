import { describe, expect, it } from 'vitest';
import type { Fence, Storage, TrendChange, TrendEvent, TrendPane, WindowCorrected } from '../../schemas/core.ts';
import type { Backend } from './backend.ts';
import { freshWorkspace } from './fixtures.ts';
import { useStorage } from './use-storage.contract.ts';

const MINUTE = 29_300_000;

const pane = (minute: number, more: Partial<TrendPane> = {}): TrendPane => ({
  minute: MINUTE + minute,
  subject: null,
  category: 'scam',
  count: 1,
  reporters: '00000000000ff',
  ...more,
});
export const trendChange = (more: Partial<TrendChange> = {}): TrendChange => ({
  sourceId: 'reports',
  actor: 'tester',
  from: 0,
  panes: [pane(0)],
  progress: { arrival: 10, watermark: 1_758_000_000_000, state: '{"form":1}' },
  events: [],
  ...more,
});
const cleared = (alertId: string): TrendEvent => ({
  type: 'AlertCleared',
  data: {
    sourceId: 'reports',
    alertId,
    rule: 'r',
    by: 'category',
    subject: null,
    category: 'scam',
    windowStart: 0,
    windowEnd: 60_000,
    reason: 'fell',
    count: 1,
    peak: 9,
    arrival: 10,
  },
});
const everything = { from: -Infinity, to: Infinity };

export function trendsContract(backend: Backend): void {
  describe('trends', () => {
    let storage: Storage;
    useStorage(backend, (own) => ({ storage } = own));

    it('keep panes, progress and facts together', async () => {
      const ws = freshWorkspace();
      const panes = [
        pane(0),
        pane(1, { subject: 'acct-1 😀', category: null, count: 7, reporters: '' }),
        pane(-5, { subject: 'x'.repeat(5000) }),
      ];
      expect(await storage.trends.progress(ws, 'reports')).toBeUndefined();
      const applied = await storage.trends.apply(ws, trendChange({ panes, events: [cleared('a'), cleared('b')] }));
      expect(applied).toEqual({ status: 'applied', positions: [1, 2].map((n) => ({ log: 'ledger', n })) });
      expect(await storage.trends.panes(ws, 'reports', everything)).toEqual([panes[2], panes[0], panes[1]]);
      expect(await storage.trends.progress(ws, 'reports')).toEqual({ arrival: 10, watermark: 1_758_000_000_000, state: '{"form":1}' });
      expect((await storage.events.readStream(ws, 'trend/reports')).map(({ type, actor, data }) => [type, actor, data])).toEqual([
        ['AlertCleared', 'tester', cleared('a').data],
        ['AlertCleared', 'tester', cleared('b').data],
      ]);
    });

    it('put whole panes in the place of older ones, and go on from where they are', async () => {
      const ws = freshWorkspace();
      await storage.trends.apply(ws, trendChange({ panes: [pane(0), pane(1)] }));
      const progress = { arrival: 25, watermark: null, state: 'later' };
      const next = trendChange({ from: 10, panes: [pane(1, { count: 5, reporters: 'ab' }), pane(1, { category: 'spam' })], progress });
      expect(await storage.trends.apply(ws, next)).toEqual({ status: 'applied', positions: [] });
      const panes = await storage.trends.panes(ws, 'reports', everything);
      expect(panes.map(({ minute, category, count }) => [minute - MINUTE, category, count].join(' ')).toSorted()).toEqual([
        '0 scam 1',
        '1 scam 5',
        '1 spam 1',
      ]);
      expect(await storage.trends.progress(ws, 'reports')).toEqual(progress);
    });

    it('count nothing twice: a change that begins elsewhere leaves no trace', async () => {
      const ws = freshWorkspace();
      const first = trendChange({ events: [cleared('a')] });
      await storage.trends.apply(ws, first);
      const again = { ...first, panes: [pane(0, { count: 99 }), pane(3)], progress: { ...first.progress, state: 'again' } };
      expect(await storage.trends.apply(ws, again)).toEqual({ status: 'moved', arrival: 10 });
      expect(await storage.trends.apply(ws, { ...again, from: 9 })).toEqual({ status: 'moved', arrival: 10 });
      expect(await storage.trends.panes(ws, 'reports', everything)).toEqual([pane(0)]);
      expect(await storage.events.head(ws, 'ledger')).toBe(1);
      expect((await storage.trends.progress(ws, 'reports'))?.state).toBe('{"form":1}');
    });

    it('are taken once when many apply the same records at once', async () => {
      const ws = freshWorkspace();
      const results = await Promise.all([1, 2, 3, 4].map(() => storage.trends.apply(ws, trendChange({ events: [cleared('a')] }))));
      expect(results.map(({ status }) => status).toSorted()).toEqual(['applied', 'moved', 'moved', 'moved']);
      expect(await storage.events.head(ws, 'ledger')).toBe(1);
    });

    it('refuse a stale fence and keep nothing then', async () => {
      const ws = freshWorkspace();
      const owner = { owner: 'o', host: 'h', boot: 'b', pid: 1 };
      const lease = await storage.leases.take(ws, 'source/reports', owner, { now: 0, ttlMs: 10, isDead: () => false });
      if (lease.status !== 'taken') throw new Error('not free');
      const stale: Fence = { ...lease.fence, fence: 9 };
      const refused = { status: 'stale-fence', resource: 'source/reports' };
      expect(await storage.trends.apply(ws, trendChange({ fence: stale, events: [cleared('a')] }))).toEqual(refused);
      expect(await storage.trends.replace(ws, trendChange({ fence: stale }))).toEqual(refused);
      expect(await storage.trends.progress(ws, 'reports')).toBeUndefined();
      expect(await storage.events.head(ws, 'ledger')).toBe(0);
      expect(await storage.trends.apply(ws, trendChange({ fence: lease.fence }))).toMatchObject({ status: 'applied' });
    });

    it('are read by range and by minute, of one source', async () => {
      const ws = freshWorkspace();
      const minutes = Array.from({ length: 600 }, (_, i) => i);
      await storage.trends.apply(ws, trendChange({ panes: minutes.map((i) => pane(i, { count: i + 1 })) }));
      await storage.trends.apply(ws, trendChange({ sourceId: 'second', panes: [pane(3, { category: 'other' })] }));
      const counts = async (of: Parameters<Storage['trends']['panes']>[2]): Promise<readonly number[]> =>
        (await storage.trends.panes(ws, 'reports', of)).map(({ count }) => count);
      expect(await counts({ from: MINUTE + 10, to: MINUTE + 13 })).toEqual([11, 12, 13]);
      expect(await counts({ from: MINUTE + 598, to: Infinity })).toEqual([599, 600]);
      expect(await counts({ minutes: [MINUTE + 7, MINUTE + 2, MINUTE + 7, MINUTE + 9999] })).toEqual([3, 8]);
      expect(await counts({ minutes: minutes.filter((i) => i % 2 === 1).map((i) => MINUTE + i) })).toHaveLength(300);
      expect(await counts({ minutes: [] })).toEqual([]);
      expect((await storage.trends.panes(ws, 'second', everything)).map(({ category }) => category)).toEqual(['other']);
    });

    it('that were counted again take the place of all that there were, unless somebody went on meanwhile', async () => {
      const ws = freshWorkspace();
      await storage.trends.apply(ws, trendChange({ panes: [pane(0), pane(1)] }));
      await storage.trends.apply(ws, trendChange({ sourceId: 'second' }));
      const again = {
        sourceId: 'reports',
        from: 10,
        panes: [pane(1, { count: 4 })],
        progress: { arrival: 10, watermark: 5, state: 'new' },
      };
      expect(await storage.trends.replace(ws, { ...again, from: 8 })).toEqual({ status: 'moved', arrival: 10 });
      expect(await storage.trends.panes(ws, 'reports', everything)).toHaveLength(2);
      expect(await storage.trends.replace(ws, again)).toEqual({ status: 'applied', positions: [] });
      expect(await storage.trends.panes(ws, 'reports', everything)).toEqual([pane(1, { count: 4 })]);
      expect(await storage.trends.progress(ws, 'reports')).toEqual(again.progress);
      expect(await storage.trends.panes(ws, 'second', everything)).toHaveLength(1);
      expect(await storage.events.head(ws, 'ledger')).toBe(0);
    });

    it('give a read model of alerts, newest first', async () => {
      const ws = freshWorkspace();
      const raised = (alertId: string, windowEnd: number): TrendEvent => ({
        type: 'AlertRaised',
        data: {
          sourceId: alertId === 'c' ? 'second' : 'reports',
          alertId,
          rule: 'r',
          by: 'subject',
          subject: 'acct-1',
          category: null,
          windowStart: windowEnd - 60_000,
          windowEnd,
          evidence: { count: 8, baseline: 0.5, ratio: 16, z: 7.5, p: 1e-7, reporters: 3, windows: 12 },
          needed: 6,
          topSubjects: [{ subject: 'acct-1', count: 8 }],
          arrival: 10,
        },
      });
      const correction: WindowCorrected = {
        type: 'WindowCorrected',
        data: {
          sourceId: 'reports',
          rule: 'r',
          by: 'subject',
          subject: 'acct-1',
          category: null,
          windowStart: 0,
          windowEnd: 60_000,
          alertId: 'a',
          evidence: { count: 9, baseline: 0.5, ratio: 18, z: 8, p: 1e-8, reporters: 4, windows: 12 },
          countBefore: 8,
          isSpike: true,
          late: 1,
          arrival: 12,
        },
      };
      await storage.trends.apply(ws, trendChange({ events: [raised('a', 60_000), raised('b', 120_000), correction, cleared('a')] }));
      await storage.trends.apply(ws, trendChange({ sourceId: 'second', events: [raised('c', 180_000)] }));
      await storage.projections.catchUp(ws);
      const ids = async (options: Omit<Parameters<Storage['read']['alerts']>[1], 'limit'>): Promise<readonly string[]> =>
        (await storage.read.alerts(ws, { ...options, limit: 10 })).map(({ alertId }) => alertId);
      expect(await ids({})).toEqual(['c', 'b', 'a']);
      expect(await ids({ sourceId: 'reports' })).toEqual(['b', 'a']);
      expect(await ids({ open: true, sourceId: 'reports' })).toEqual(['b']);
      expect(await ids({ before: 2 })).toEqual(['a']);
      expect(await ids({ after: 0, sourceId: 'reports' })).toEqual(['a', 'b']);
      expect(await ids({ after: 2 })).toEqual(['c']);
      expect(await storage.read.alert(ws, 'a')).toEqual({
        ...raised('a', 60_000).data,
        n: 1,
        corrected: correction.data.evidence,
        clearedAt: 60_000,
        clearedBecause: 'fell',
        peak: 9,
      });
      expect(await storage.read.alert(ws, 'none')).toBeUndefined();
      const before = (await storage.projections.status(ws)).find(({ name }) => name === 'alerts');
      const after = (await storage.projections.rebuild(ws, { name: 'alerts' })).find(({ name }) => name === 'alerts');
      expect(after).toEqual(before);
    });
  });
}
