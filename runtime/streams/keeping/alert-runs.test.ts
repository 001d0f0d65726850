import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunStarted, StoredEvent } from '../../../schemas/index.ts';
import { publishFlowFile } from '../../commands/flows.ts';
import { listAlerts } from '../../trends/list-alerts.ts';
import { runSource } from './run-source.ts';
import { openStreamRig, type StreamRig } from '../stream-rig.ts';

const START = Date.UTC(2026, 8, 14, 8);
const REPORT = 'examples/situation-report/situation-report.yml';

let rig: StreamRig;
beforeEach(async () => void (rig = await openStreamRig()));
afterEach(() => rig.close());

let id = 0;
/** Records of `who`, at minutes after the start. */
const reports = (who: string, at: readonly number[]): readonly object[] =>
  at.map((minute) => ({ id: `r-${++id}`, who, text: 'hello', at: START + Math.round(minute * 60_000) }));
const ticks = (from: number, to: number): readonly object[] =>
  reports(
    'tick',
    Array.from({ length: to - from }, (_, i) => from + i),
  );
const burst = (who: string, at: number): readonly object[] =>
  reports(
    who,
    Array.from({ length: 6 }, (_, i) => at + i / 10),
  );

const rules = [{ name: 'account', by: 'subject', windowMinutes: 5, floor: 6, coolDownMinutes: 0, baselineWindows: 3, ratio: 3 }];
const settings = (onAlert?: string): object => ({
  record: { key: 'id', subject: 'who', eventTime: 'at' },
  trends: { rules, ...(onAlert === undefined ? {} : { onAlert }) },
});

/** Of the runs that alerts have begun, the alert of each. */
async function runsOfAlerts(): Promise<readonly string[]> {
  const { storage, workspaceId } = rig.context;
  const events: StoredEvent[] = [];
  for (;;) {
    const page = await storage.events.readLog(workspaceId, 'runs-0', { after: events.at(-1)?.position.n ?? 0, limit: 5000 });
    events.push(...page);
    if (page.length === 0) break;
  }
  return events
    .flatMap(({ type, data }) => (type === 'RunStarted' ? [(data as RunStarted['data']).origin] : []))
    .flatMap((origin) => (origin.kind === 'alert' ? [origin.alertId] : []));
}
const alertIds = async (): Promise<readonly string[]> =>
  (await listAlerts(rig.context, { limit: 1000 })).map(({ alertId }) => alertId).toReversed();
const once = () => runSource(rig.context, 's');

async function until(what: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await what())) await new Promise((resolve) => setTimeout(resolve, 20));
}

describe('the flow that looks at alerts', () => {
  it('runs once for each alert, however many there are at a time, and never again', { timeout: 60_000 }, async () => {
    await publishFlowFile(rig.context, REPORT);
    await rig.create({ more: settings('situation-report') });
    rig.append(...ticks(0, 60), ...Array.from({ length: 60 }, (_, i) => burst(`acct-${i}`, 60)).flat(), ...ticks(61, 90));
    await once();
    const alerts = await alertIds();
    expect(alerts).toHaveLength(60);
    expect((await runsOfAlerts()).toSorted()).toEqual(alerts.toSorted());
    rig.append(...ticks(90, 95));
    await once();
    expect(await runsOfAlerts()).toHaveLength(60);
  });

  it('leaves alone what was raised before the settings named it, and while they did not', async () => {
    await publishFlowFile(rig.context, REPORT);
    await rig.create({ more: settings() });
    rig.append(...ticks(0, 60), ...burst('a', 60), ...ticks(61, 80));
    await once();
    await rig.configure(settings('situation-report'));
    await once();
    expect(await alertIds()).toHaveLength(1);
    expect(await runsOfAlerts()).toEqual([]);
    rig.append(...burst('b', 80), ...ticks(81, 100));
    await once();
    const [, second = ''] = await alertIds();
    expect(await runsOfAlerts()).toEqual([second]);
    await rig.configure(settings());
    rig.append(...burst('c', 100), ...ticks(101, 120));
    await once();
    await rig.configure(settings('situation-report'));
    rig.append(...burst('d', 120), ...ticks(121, 140));
    await once();
    const ids = await alertIds();
    expect(ids).toHaveLength(4);
    expect(await runsOfAlerts()).toEqual([second, ids[3]]);
  });

  it('that cannot is told of as long as it cannot, and looks at the alerts once it can', { timeout: 60_000 }, async () => {
    await publishFlowFile(rig.context, REPORT);
    await rig.create({ more: settings('situation-report') });
    const needing = readFileSync(REPORT, 'utf8').replace('variable: window\n      height', 'variable: place\n      height');
    await publishFlowFile(rig.context, rig.write('needing.yml', needing));
    rig.append(...ticks(0, 60), ...burst('a', 60), ...ticks(61, 80));
    const kept = rig.keep();
    const trace = async (): Promise<string | null | undefined> => (await rig.status()).tasks.find(({ task }) => task === 'trends')?.trace;
    await until(async () => (await trace())?.includes('input "place" is required') === true);
    await kept.stop();
    const { notes } = await once();
    expect(notes).toEqual([expect.stringMatching(/^flow "situation-report" could not look at alert [0-9a-f]{32}: .* is required$/)]);
    await publishFlowFile(
      rig.context,
      rig.write('mended.yml', needing.replace('variable: place', 'variable: window').replace('Start', 'Begin')),
    );
    const again = rig.keep();
    await until(async () => (await runsOfAlerts()).length > 0);
    await until(async () => (await trace()) === null);
    await again.stop();
    expect(await runsOfAlerts()).toEqual(await alertIds());
  });

  it.each([
    { onAlert: 'none', says: 'trends.onAlert: the flow "none" has no version' },
    { onAlert: 'rules', says: 'trends.onAlert: flow "rules" has no input "window"' },
    { onAlert: 'short', says: 'trends.onAlert: flow "short" cannot take a window: input "window" ' },
  ])('is looked at when the source is configured: $onAlert', async ({ onAlert, says }) => {
    const short = readFileSync(REPORT, 'utf8')
      .replace('max_length: 20000', 'max_length: 500')
      .replace('name: situation-report', 'name: short');
    await publishFlowFile(rig.context, rig.write('short.yml', short));
    await rig.create();
    await expect(rig.configure(settings(onAlert))).rejects.toThrow(says);
  });
});
