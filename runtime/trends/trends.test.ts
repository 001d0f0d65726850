import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sourceSettings, trendSettings, type InboxRecord, type TrendPane } from '../../schemas/index.ts';
import { openApp, type App } from '../open-app.ts';
import { readSettings } from '../settings.ts';
import { sourceStream } from '../streams/source-state.ts';
import { advanceTrends, followTrends } from './follow-trends.ts';
import { listAlerts } from './list-alerts.ts';
import { rebuildTrends } from './rebuild-trends.ts';
import { trendTable } from './trend-table.ts';
import { trendWindow, windowInput } from './trend-window.ts';

const START = Date.UTC(2026, 8, 14, 8);
const minute = (n: number): number => START + Math.round(n * 60_000);
const everything = { from: -Infinity, to: Infinity };

let folder: string;
let app: App;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'riskflow-trends-'));
  app = await openApp(readSettings({ RISKFLOW_DATA: folder }, folder), { actor: 'tester' });
});
afterEach(async () => {
  await app.close();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

const rules = [{ name: 'wave', floor: 15, ratio: 3, robustZ: 4, minReporters: 5 }];

async function configure(trends: object | null = { rules }, type: 'SourceCreated' | 'SourceConfigured' = 'SourceCreated'): Promise<void> {
  const settings = sourceSettings.parse({
    connector: { kind: 'push' },
    record: { text: 'message' },
    ...(trends === null ? {} : { trends }),
  });
  const data = { sourceId: 's', flow: 'f', flowVersion: null, settings, at: 1 };
  const { workspaceId, storage } = app.context;
  await storage.events.write({
    workspaceId,
    actor: 'tester',
    appends: [{ log: 'ledger', stream: sourceStream('s'), expected: { any: true }, events: [{ type, data }] }],
  });
}

type Planned = {
  readonly at: number;
  readonly category?: string;
  readonly subject?: string;
  readonly received?: number;
  readonly message?: string;
  readonly reporter?: string;
};
let offset = 0;
/** Puts records into the inbox, in the order of their receipt. */
async function receive(planned: readonly Planned[]): Promise<void> {
  const records = planned
    .toSorted((a, b) => (a.received ?? a.at) - (b.received ?? b.at))
    .map(({ at, received = at, category = 'scam', subject, reporter, message = 'hello' }): InboxRecord => {
      offset += 1;
      return {
        recordId: `r-${offset}`,
        origin: { sourceId: 's', incarnation: 1, topic: 't', partition: offset % 3, offset },
        key: null,
        subject: subject ?? null,
        category,
        reporter: reporter ?? `u-${offset % 40}`,
        eventTime: minute(at),
        body: JSON.stringify({ message }),
        meta: null,
        lane: 0,
        receivedAt: minute(received),
      };
    });
  const place = { sourceId: 's', incarnation: 1, topic: 't', partition: 0, nextOffset: offset + 1, position: null, skipped: 0 };
  const { workspaceId, storage } = app.context;
  await storage.inbox.accept(workspaceId, { records, deadLetters: [], offset: place });
  // The same again, as after a rebalance: nothing new arrives.
  await storage.inbox.accept(workspaceId, { records, deadLetters: [], offset: place });
}

const steady = (from: number, to: number, more: Partial<Planned> = {}): readonly Planned[] =>
  Array.from({ length: (to - from) * 2 }, (_, i) => ({ at: from + i / 2, subject: `acct-${i % 7}`, message: `see you at ${i}`, ...more }));
const burst = (at: number, count: number, more: Partial<Planned> = {}): readonly Planned[] =>
  Array.from({ length: count }, (_, i) => ({
    at: at + (i % 8) / 2,
    subject: 'acct-9',
    message: `Your parcel ${i} is held, pay ${i}.99 now`,
    ...more,
  }));
const storedPanes = (): Promise<readonly TrendPane[]> => app.context.storage.trends.panes(app.context.workspaceId, 's', everything);
const facts = async () => (await app.context.storage.events.readStream(app.context.workspaceId, 'trend/s')).map(({ type }) => type);

describe('the trends of a source', () => {
  it('count each record once, however often and by whom, and raise one alert for one spike', async () => {
    await configure();
    await receive(steady(0, 240));
    const first = await advanceTrends(app.context, 's');
    expect(first).toMatchObject({ records: 480, arrival: 480, alerts: [] });
    expect(await advanceTrends(app.context, 's')).toMatchObject({ records: 0, arrival: 480, events: [] });
    await receive([...steady(240, 300), ...burst(250, 200)]);
    const settings = trendSettings.parse({ rules });
    // Two that count at once, one of which remembers.
    const follower = followTrends(app.context, 's');
    const both = await Promise.all([follower.advance({ settings }), advanceTrends(app.context, 's')]);
    expect(both.map(({ records }) => records).reduce((sum, n) => sum + n, 0)).toBe(320);
    await receive(steady(300, 320));
    await follower.advance({ settings });
    const panes = await storedPanes();
    expect(panes.reduce((sum, { count }) => sum + count, 0)).toBe(480 + 320 + 40);
    expect(await facts()).toEqual(['AlertRaised', 'AlertCleared']);
    const alerts = await listAlerts(app.context, { sourceId: 's' });
    expect(alerts).toMatchObject([{ rule: 'wave', category: 'scam', subject: null, clearedBecause: 'fell' }]);
    expect(await listAlerts(app.context, { open: true })).toEqual([]);
  });

  it('counted again from the inbox are what they were, with late records too', async () => {
    await configure();
    await receive(steady(0, 200));
    await advanceTrends(app.context, 's');
    await receive([...steady(200, 260), ...burst(220, 120), ...burst(222, 12, { received: 250 }), ...burst(5, 9, { received: 251 })]);
    await advanceTrends(app.context, 's');
    expect(await facts()).toEqual(['AlertRaised', 'AlertCleared', 'WindowCorrected']);
    const before = await storedPanes();
    const rebuilt = await rebuildTrends(app.context, 's');
    expect(rebuilt).toEqual({
      sourceId: 's',
      records: 661,
      panes: before.length,
      equal: { panes: true, state: true, facts: true },
      replaced: false,
    });
    expect(await listAlerts(app.context)).toMatchObject([
      { evidence: { count: expect.any(Number) as number }, corrected: { count: expect.any(Number) as number } },
    ]);
  });

  it('that were damaged are noticed by a rebuild, and mended', async () => {
    await configure();
    await receive([...steady(0, 200), ...burst(150, 90)]);
    await advanceTrends(app.context, 's');
    const { workspaceId, storage } = app.context;
    const [right, progress] = [await storedPanes(), await storage.trends.progress(workspaceId, 's')];
    if (progress === undefined) throw new Error('not counted');
    const panes = right.slice(1).map((pane, i) => (i === 4 ? { ...pane, count: pane.count + 1 } : pane));
    await storage.trends.replace(workspaceId, { sourceId: 's', from: progress.arrival, panes, progress });
    expect(await rebuildTrends(app.context, 's')).toMatchObject({ equal: { panes: false, state: true, facts: true }, replaced: true });
    expect(await storedPanes()).toEqual(right);
    expect(await rebuildTrends(app.context, 's')).toMatchObject({ equal: { panes: true, state: true, facts: true }, replaced: false });
    // It goes on from there.
    await receive(steady(200, 210));
    expect(await advanceTrends(app.context, 's')).toMatchObject({ records: 20 });
  });

  it('have other facts when the rules were others, which stay as they are', async () => {
    await configure();
    await receive([...steady(0, 200), ...burst(150, 90), ...steady(200, 220)]);
    await advanceTrends(app.context, 's');
    await configure({ rules: [] }, 'SourceConfigured');
    expect(await rebuildTrends(app.context, 's')).toMatchObject({ equal: { panes: true, state: true, facts: false }, replaced: false });
    expect(await facts()).toEqual(['AlertRaised', 'AlertCleared']);
  });

  it('know an alert in force after they were counted again under other rules, and end it', async () => {
    await configure();
    await receive([...steady(0, 158), ...burst(150, 90)]);
    await advanceTrends(app.context, 's');
    await configure({ rules: [{ ...rules[0], floor: 1000 }] }, 'SourceConfigured');
    expect(await rebuildTrends(app.context, 's')).toMatchObject({ equal: { panes: true, state: true, facts: false }, replaced: false });
    await receive(steady(158, 190));
    await advanceTrends(app.context, 's');
    expect(await facts()).toEqual(['AlertRaised', 'AlertCleared']);
    expect(await listAlerts(app.context, { open: true })).toEqual([]);
  });

  it('end an alert in force whose rule was removed', async () => {
    await configure();
    await receive([...steady(0, 158), ...burst(150, 90)]);
    await advanceTrends(app.context, 's');
    expect(await facts()).toEqual(['AlertRaised']);
    await configure({ rules: [] }, 'SourceConfigured');
    await receive(steady(158, 162));
    await advanceTrends(app.context, 's');
    expect((await listAlerts(app.context))[0]).toMatchObject({ clearedBecause: 'rule-removed' });
  });

  it('are refused for a source that does not ask for them, and to whoever has lost it', async () => {
    await configure(null);
    await expect(advanceTrends(app.context, 's')).rejects.toMatchObject({
      code: 'usage',
      hint: expect.stringContaining('trends') as string,
    });
    await expect(trendTable(app.context, { sourceId: 'none' })).rejects.toMatchObject({ code: 'not_found' });
    await configure({}, 'SourceConfigured');
    await receive(steady(0, 5));
    await expect(advanceTrends(app.context, 's', { resource: 'source/s', owner: 'me', fence: 1 })).rejects.toMatchObject({
      code: 'taken_over',
    });
    expect(await storedPanes()).toEqual([]);
  });
});

describe('a window', () => {
  const spike = async (): Promise<string> => {
    await configure();
    await receive([...steady(0, 230), ...steady(0, 230, { category: 'spam' }), ...burst(220, 120)]);
    await advanceTrends(app.context, 's');
    return (await listAlerts(app.context))[0]?.alertId ?? '';
  };

  it('of an alert tells what it is about: counts, baseline, subjects and texts', async () => {
    const alertId = await spike();
    const window = await trendWindow(app.context, { sourceId: 's', alertId });
    expect(window).toMatchObject({
      source: 's',
      minutes: 15,
      alert: { alertId, rule: 'wave', category: 'scam', clearedAt: null },
      alerts: [{ alertId }],
    });
    expect(window.to).toBe(window.alert?.raisedAt);
    expect(window.categories.map(({ category }) => category)).toEqual(['scam', 'spam']);
    expect(window.categories[0]).toMatchObject({ baseline: expect.closeTo(30, 0) as number, windows: 12 });
    expect(window.total.count).toBe((window.categories[0]?.count ?? 0) + (window.categories[1]?.count ?? 0));
    expect(window.subjects[0]?.subject).toBe('acct-9');
    // Only texts of the alert's category, the parcels as one.
    expect(window.texts[0]?.text).toContain('Your parcel');
    expect(window.texts.reduce((sum, { count }) => sum + count, 0)).toBe(window.categories[0]?.count);
    expect(window.textsRead).toBe(window.categories[0]?.count);
  });

  it('of now, or of a time before, is looked at in the same way', async () => {
    await spike();
    const now = await trendWindow(app.context, { sourceId: 's', windowMinutes: 10 });
    expect(now).toMatchObject({ alert: null, to: new Date(minute(227)).toISOString(), minutes: 10 });
    const earlier = await trendWindow(app.context, { sourceId: 's', windowMinutes: 30, end: minute(100) });
    // A silence is held against what was before it.
    const silent = await trendWindow(app.context, { sourceId: 's', windowMinutes: 10, end: minute(245) });
    expect(silent.total).toMatchObject({ count: 0, windows: 12, baseline: expect.closeTo(48.4, 1) as number, ratio: 0 });
    // Two windows before it are too few to compare with.
    expect(earlier.total).toMatchObject({ count: 120, baseline: null, windows: 0 });
    const later = await trendWindow(app.context, { sourceId: 's', windowMinutes: 30, end: minute(200) });
    expect(later.total).toMatchObject({ count: 120, ratio: expect.closeTo(1, 1) as number, windows: 5 });
    expect(earlier.texts.reduce((sum, { count }) => sum + count, 0)).toBe(120);
  });

  it('is an input of at most 20,000 characters, whatever the records say', async () => {
    await configure();
    const long = (i: number): string => `${i} ${'很长\u0001'.repeat(160)}`;
    await receive(
      Array.from({ length: 200 }, (_, i) => ({ at: i / 20, subject: long(i), category: long(i % 30), message: long(i).repeat(3) })),
    );
    await receive(steady(10, 40));
    await advanceTrends(app.context, 's');
    const window = await trendWindow(app.context, { sourceId: 's', end: minute(11) });
    expect(JSON.stringify(window).length).toBeGreaterThan(20_000);
    const text = windowInput(window).get('window');
    if (typeof text !== 'string') throw new Error('no text');
    expect(text.length).toBeLessThanOrEqual(20_000);
    expect(JSON.parse(text)).toMatchObject({ source: 's', total: window.total });
  });
});

describe('the table', () => {
  it('shows each category beside its baseline, with the alert in the plot', async () => {
    await configure();
    await receive([...steady(0, 230), ...steady(0, 230, { category: 'spam' }), ...burst(220, 120)]);
    await advanceTrends(app.context, 's');
    await receive(steady(230, 231));
    const table = await trendTable(app.context, { sourceId: 's' });
    expect(table).toMatchObject({
      by: 'category',
      windowMinutes: 15,
      baselineWindows: 12,
      windowEnd: minute(227),
      behind: 2,
      records: 1040,
      late: 0,
    });
    expect(table.rows.map(({ category, alertId }) => [category, alertId !== null])).toEqual([
      ['scam', true],
      ['spam', false],
    ]);
    expect(table.plot).toHaveLength(45);
    expect(table.plot.at(-1)?.to).toBe(minute(227));
    expect(table.plot.reduce((sum, { alerts }) => sum + alerts, 0)).toBe(1);
    const peak = Math.max(...(table.rows[0]?.buckets ?? []));
    expect(table.rows[0]?.buckets.indexOf(peak)).toBeGreaterThan(42);
    const subjects = await trendTable(app.context, { sourceId: 's', by: 'subject', top: 3, lastMinutes: 60 });
    expect(subjects.rows.map(({ subject }) => subject)[0]).toBe('acct-9');
    expect(subjects.rows).toHaveLength(3);
  });

  it('of a source of which nothing is counted is empty', async () => {
    await configure();
    expect(await trendTable(app.context, { sourceId: 's' })).toMatchObject({ rows: [], records: 0, watermark: null, behind: 0 });
    expect((await trendWindow(app.context, { sourceId: 's' })).total.count).toBe(0);
    expect(await rebuildTrends(app.context, 's')).toMatchObject({ records: 0, replaced: false });
  });
});
