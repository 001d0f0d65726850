import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Context } from '../runtime/index.ts';
import type { RunStarted } from '../schemas/index.ts';
import type { Finished, Started } from './riskflow-process.ts';
import { comparablePanes, plainPanes, type Report, type TrendScenario } from './trend-scenario.ts';

/** What tests of trends through real processes ask of what these leave behind. */
export type TrendRig = { readonly context: Context; readonly cli: (args: readonly string[]) => Promise<Finished> };

export type Told = { readonly id: string; readonly body: Readonly<Record<string, unknown>> };
const EVERYTHING = { from: -Infinity, to: Infinity } as const;

/** The stored panes are those of a plain count of what was sent, and those of a count from scratch, byte for byte. */
export async function expectCountedAsSent(
  { context, cli }: TrendRig,
  { sourceId, sent, withoutTime }: { readonly sourceId: string; readonly sent: readonly Report[]; readonly withoutTime: number },
): Promise<void> {
  const { storage, workspaceId } = context;
  const live = await storage.trends.panes(workspaceId, sourceId, EVERYTHING);
  const { panes, fromFuture } = comparablePanes(live);
  expect(panes).toEqual(plainPanes(sent));
  // What says to be from the future counts at its receipt, which was a moment ago.
  expect(fromFuture.reduce((sum, { count }) => sum + count, 0)).toBe(2);
  expect(fromFuture.every(({ minute }) => Math.abs(minute - Date.now() / 60_000) < 60)).toBe(true);
  expect((await storage.inbox.counts(workspaceId, sourceId)).deadLetters).toBe(withoutTime);

  const rebuild = async (): Promise<unknown> => JSON.parse((await cli(['trend', 'rebuild', sourceId, '--json'])).stdout);
  const records = sent.length - withoutTime;
  expect(await rebuild()).toEqual({
    sourceId,
    records,
    panes: live.length,
    equal: { panes: true, state: true, facts: true },
    replaced: false,
  });
  const progress = await storage.trends.progress(workspaceId, sourceId);
  if (progress === undefined) throw new Error('nothing is counted');
  const { watermark, arrival } = progress;
  // Without any panes and state it writes the same ones.
  await storage.trends.replace(workspaceId, { sourceId, from: arrival, panes: [], progress: { arrival, watermark, state: '{"form":1}' } });
  expect(await rebuild()).toMatchObject({ records, equal: { panes: false, state: false, facts: true }, replaced: true });
  expect(await storage.trends.panes(workspaceId, sourceId, EVERYTHING)).toEqual(live);
  expect(await storage.trends.progress(workspaceId, sourceId)).toEqual(progress);
}

/**
 * The wave is one alert, raised while it came, and over; the one by three people and all else is none. It was told once or more in each place,
 * always in the same words, and one run of a flow has looked at it.
 */
export async function expectOneAlert(
  { context, cli }: TrendRig,
  {
    sourceId,
    scenario,
    told,
  }: { readonly sourceId: string; readonly scenario: TrendScenario; readonly told: readonly (readonly Told[])[] },
): Promise<void> {
  const { alerts } = JSON.parse((await cli(['trend', 'alerts', sourceId, '--json'])).stdout) as {
    readonly alerts: readonly Readonly<Record<string, unknown>>[];
  };
  expect(alerts).toMatchObject([{ rule: 'wave', category: 'scam', subject: null, clearedBecause: 'fell' }]);
  const [{ alertId, windowEnd, run } = {}] = alerts;
  const facts = await context.storage.events.readStream(context.workspaceId, `trend/${sourceId}`);
  const changes = facts.filter(({ type }) => type !== 'WindowCorrected');
  expect(changes.map(({ type }) => type)).toEqual(['AlertRaised', 'AlertCleared']);
  expect(Date.parse(String(windowEnd))).toBeGreaterThan(scenario.wave.from);
  expect(Date.parse(String(windowEnd))).toBeLessThanOrEqual(scenario.wave.to + 60_000);

  for (const messages of told) {
    expect(new Set(messages.map(({ id }) => id))).toEqual(new Set(changes.map(({ eventId }) => eventId)));
    expect(new Set(messages.map(({ body }) => body['alertId']))).toEqual(new Set([alertId]));
    for (const [i, state] of ['raised', 'cleared'].entries()) {
      const bodies = messages.filter(({ id }) => id === changes[i]?.eventId).map(({ body }) => JSON.stringify(body));
      expect(new Set(bodies).size).toBe(1);
      expect(JSON.parse(bodies[0] ?? '')).toMatchObject({ state, rule: 'wave', category: 'scam' });
    }
  }

  const runs = await alertRuns(context);
  expect(runs).toMatchObject([{ alertId, status: 'succeeded' }]);
  expect(runs[0]?.end).toMatch(/Your parcel/);
  // And a person finds it.
  expect(run).toMatchObject({ status: 'succeeded' });
  const shown = await cli(['run', '--resume', String((run as { readonly runId: string }).runId), '--json']);
  expect(JSON.parse(shown.stdout)).toMatchObject({ outputs: { level: 'alert', report: expect.stringContaining('Your parcel') as string } });
}

/** Takes webhooks; the first and then every third message it answers with an error, so that it comes again. */
export async function startHook(): Promise<{ readonly url: string; readonly messages: () => readonly Told[]; readonly close: () => void }> {
  const messages: Told[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const { data } = JSON.parse(Buffer.concat(parts).toString()) as { readonly data: Told['body'] };
      response.statusCode = messages.length % 3 === 0 ? 503 : 204;
      messages.push({ id: String(request.headers['webhook-id']), body: data });
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = (): void => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, messages: () => messages, close };
}

export async function until(what: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await what())) await delay(100);
}

export async function killHard({ child, finished }: Started): Promise<void> {
  child.kill('SIGKILL');
  await finished;
}

type AlertRun = { readonly alertId: string; readonly status: string; readonly end: string };

/** Runs that alerts have begun. */
export async function alertRuns({ storage, workspaceId }: Context): Promise<readonly AlertRun[]> {
  const found = new Map<string, AlertRun>();
  for (let after = 0; ;) {
    const page = await storage.events.readLog(workspaceId, 'runs-0', { after, limit: 1000 });
    for (const { type, stream, data } of page) {
      const { origin } = type === 'RunStarted' ? (data as RunStarted['data']) : {};
      if (origin?.kind === 'alert') found.set(stream, { alertId: origin.alertId, status: 'running', end: '' });
      const known = found.get(stream);
      if (type !== 'RunFinished' || known === undefined) continue;
      found.set(stream, { ...known, status: (data as { readonly status: string }).status, end: JSON.stringify(data) });
    }
    const last = page.at(-1);
    if (last === undefined) return Array.from(found.values());
    after = last.position.n;
  }
}
