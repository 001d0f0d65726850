import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { advanceTrends, openApp, readSettings } from '../../runtime/index.ts';
import { sourceSettings, type InboxRecord } from '../../schemas/index.ts';
import { newFolder, riskflow } from './riskflow.ts';

const data = newFolder();
const START = Date.UTC(2026, 8, 14, 8);
const minute = (n: number): number => START + n * 60_000;
const trend = (...args: readonly string[]) => riskflow(['trend', ...args], { data });

/** Four hours of two categories, and a wave of parcels about one account in the last ten minutes but five. */
function records(): readonly InboxRecord[] {
  const steady = Array.from({ length: 480 }, (_, i) => ({
    at: i / 2,
    category: i % 2 === 0 ? 'scam' : 'spam',
    subject: 'acct-1',
    text: `good day ${i}`,
  }));
  const wave = Array.from({ length: 80 }, (_, i) => ({
    at: 225 + (i % 10),
    category: 'scam',
    subject: 'acct-9',
    text: `Your parcel ${i} is held, pay now`,
  }));
  return [...steady, ...wave]
    .toSorted((a, b) => a.at - b.at)
    .map(({ at, category, subject, text }, i) => ({
      recordId: `r-${i}`,
      origin: { sourceId: 'reports', incarnation: 1, topic: 't', partition: 0, offset: i },
      key: null,
      subject,
      category,
      reporter: `u-${i % 60}`,
      eventTime: minute(at),
      body: JSON.stringify({ text }),
      meta: null,
      lane: 0,
      receivedAt: minute(at),
    }));
}

beforeAll(async () => {
  const app = await openApp(readSettings({ RISKFLOW_DATA: data }, data), { actor: 'tester' });
  const { storage, workspaceId } = app.context;
  const rules = [{ name: 'wave', floor: 20, ratio: 3, minReporters: 10 }];
  const settings = sourceSettings.parse({ connector: { kind: 'push' }, trends: { rules } });
  const created = { type: 'SourceCreated', data: { sourceId: 'reports', flow: 'f', flowVersion: null, settings } };
  const append = { log: 'ledger', stream: 'source/reports', expected: { any: true }, events: [created] } as const;
  await storage.events.write({ workspaceId, actor: 'tester', appends: [append] });
  const offset = { sourceId: 'reports', incarnation: 1, topic: 't', partition: 0, nextOffset: 1000, position: null, skipped: 0 };
  await storage.inbox.accept(workspaceId, { records: records(), deadLetters: [], offset });
  await advanceTrends(app.context, 'reports');
  await app.close();
});

describe('riskflow trend', () => {
  it('shows a table, a plot with the alert marked, and the alert', async () => {
    const { code, out, err } = await trend('show', 'reports', '--last', '4h');
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^reports by category: 2026-09-14 11:42 to 2026-09-14 11:57 UTC \(15m\), baseline of 12 windows\n/);
    expect(out).toMatch(/\nscam\s+95\s+15\.0\s+6\.32\s+\S+\s+\S+e-\d+\s+54\s+in force\n/);
    expect(out).toMatch(/\nspam\s+15\s+\S+\s+(0\.9|1\.0)\d\s/);
    expect(out).toMatch(/\nscam {2}[ .:=+*#@-]+ {2}peak \d+\nspam/);
    expect(out).toMatch(/\n +\^\n/);
    expect(out).toContain('wave: scam, ');
    // No terminal: neither colours nor blocks.
    expect(out).not.toMatch(/[\u001b▁-█▲]/);
  });

  it('prints one document with --json, with the same figures', async () => {
    const { code, out } = await trend('show', 'reports', '--by', 'subject', '--top', '1', '--json');
    const shown = JSON.parse(out) as { readonly rows: readonly Readonly<Record<string, unknown>>[] };
    expect(code).toBe(0);
    expect(shown).toMatchObject({
      sourceId: 'reports',
      by: 'subject',
      windowEnd: '2026-09-14T11:57:00.000Z',
      behind: 0,
      records: 560,
      alerts: [{ rule: 'wave' }],
    });
    expect(shown.rows).toHaveLength(1);
    expect(shown.rows[0]).toMatchObject({ subject: 'acct-9', count: 80, reporters: expect.any(Number) as number });
  });

  it('lists alerts', async () => {
    const { code, out } = await trend('alerts', 'reports', '--open');
    expect(code).toBe(0);
    expect(out).toMatch(/\breports\s+wave\s+scam\s+2026-09-14 11:\d\d\s.*\bin force\b/);
    const { alerts } = JSON.parse((await trend('alerts', '--json')).out) as {
      readonly alerts: readonly Readonly<Record<string, unknown>>[];
    };
    expect(alerts).toMatchObject([{ sourceId: 'reports', rule: 'wave', category: 'scam', clearedAt: null }]);
  });

  it('gives a flow its window: the example makes a report of it, without a model', async () => {
    const inputs = join(data, 'inputs.json');
    writeFileSync(inputs, (await trend('window', 'reports', '--inputs')).out);
    const { code, out } = await riskflow(['run', 'examples/situation-report/situation-report.yml', '--inputs', `@${inputs}`, '--json'], {
      data,
    });
    const { outputs } = JSON.parse(out) as { readonly outputs: Readonly<Record<string, string>> };
    expect(code).toBe(0);
    expect(outputs).toMatchObject({
      level: 'alert',
      headline: expect.stringMatching(/^Spike of scam: \d+ records, 15 expected$/) as string,
    });
    expect(outputs['report']).toContain('| scam | 95 | 15 | 6.3 | 54 | up |');
    expect(outputs['report']).toMatch(/1\. 80 times, \d+ reporters: "Your parcel \d+ is held, pay now"/);
    writeFileSync(inputs, (await trend('window', 'reports', '--to', '2026-09-14T11:30Z', '--inputs')).out);
    const quiet = await riskflow(['run', 'examples/situation-report/situation-report.yml', '--inputs', `@${inputs}`, '--json'], { data });
    expect(JSON.parse(quiet.out)).toMatchObject({ outputs: { level: 'quiet', headline: 'Nothing unusual: 30 records' } });
  });

  it('counts again and says that it is the same', async () => {
    const { code, out, err } = await trend('rebuild', 'reports');
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^reports: 560 records counted again, \d+ panes: the same as before\n$/);
    expect(JSON.parse((await trend('rebuild', 'reports', '--json')).out)).toMatchObject({
      equal: { panes: true, state: true, facts: true },
      replaced: false,
    });
  });

  it.each([
    { args: ['show', 'none'], says: /there is no source "none"/ },
    { args: ['show', 'reports', '--by', 'country'], says: /--by must be one of all, category, subject, subject-category/ },
    { args: ['show', 'reports', '--window', '90s'], says: /--window must be whole minutes/ },
    { args: ['show', 'reports', '--last', '1h', '--from', '2026-09-14'], says: /--last and --from do not go together/ },
    { args: ['show', 'reports', '--from', '2026-09-15', '--to', '2026-09-14T10:00Z'], says: /--from must be before --to/ },
    { args: ['window', 'reports', '--alert', 'x'], says: /has no alert "x"/ },
    { args: ['window', 'reports', '--alert', 'x', '--window', '5m'], says: /--alert names a window already/ },
  ])('refuses $args', async ({ args, says }) => {
    const { code, out, err } = await trend(...args);
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(says);
  });
});
