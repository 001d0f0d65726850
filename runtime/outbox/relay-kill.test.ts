import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { App } from '../open-app.ts';
import { decide, firstsByKey, numbered, openOutboxRig, SECRET, until, webhook } from './outbox-rig.ts';
import { outboxStatus } from './outbox-status.ts';

type Came = { readonly id: string; readonly key: string | null; readonly from: string };

let folder: string;
let app: App;
/** Answered with 204, in the order of the answers. */
let came: Came[];
let busy: Map<string | null, number>;
let overlaps: string[];
let url: string;
let answerMs: number;
let isAway: boolean;
let close: () => Promise<void>;
const children: ChildProcess[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'riskflow-relay-'));
  app = await openOutboxRig(join(folder, 'data'));
  [came, busy, overlaps, answerMs, isAway] = [[], new Map(), [], 2, false];
  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (piece: string) => (text += piece));
    request.on('end', () => {
      const given = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
      const { data } = new Webhook(SECRET).verify(text, given) as {
        readonly data: { readonly decisionId: string; readonly subject: string };
      };
      if (isAway) return void response.writeHead(503).end();
      if ((busy.get(data.subject) ?? 0) > 0) overlaps.push(data.decisionId);
      busy.set(data.subject, (busy.get(data.subject) ?? 0) + 1);
      setTimeout(() => {
        busy.set(data.subject, (busy.get(data.subject) ?? 0) - 1);
        came.push({ id: data.decisionId, key: data.subject, from: request.url ?? '' });
        response.writeHead(204).end();
      }, answerMs);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'close');
    }
  }
  await app.close();
  await close();
  rmSync(folder, { recursive: true });
});

async function startRelays(name: string): Promise<{ readonly child: ChildProcess; readonly errors: () => string }> {
  const script = fileURLToPath(new URL('relay-process.ts', import.meta.url));
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, join(folder, 'data'), `${url}/${name}`], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (piece: string) => (errors += piece));
  await once(child.stdout, 'data');
  return { child, errors: () => errors };
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'close');
}

const idsOf = (count: number): readonly string[] => numbered(count, 1).map(({ decisionId }) => decisionId);
/** Every key's decisions in their order, whichever came again. */
const inOrder = (count: number, keys: number): ReadonlyMap<string | null, readonly string[]> =>
  new Map(
    Array.from({ length: keys }, (_, key) => [
      `acct-${key}`,
      numbered(count, keys).flatMap((each) => (each.subject === `acct-${key}` ? [each.decisionId] : [])),
    ]),
  );

describe('kill -9 of a process that tells decisions', () => {
  it('at several moments: all arrive, in the order of their keys, and only those under way come again', { timeout: 60_000 }, async () => {
    await decide(app.context, numbered(240, 12));
    for (const moment of [20, 90, 160]) {
      const { child, errors } = await startRelays('one');
      await until(() => came.length >= moment);
      expect(errors()).toBe('');
      await kill(child);
    }
    await startRelays('one');
    await until(() => new Set(came.map(({ id }) => id)).size === 240);
    expect(firstsByKey(came)).toEqual(inOrder(240, 12));
    // Of each part one is under way at a time.
    expect(came.length - 240).toBeLessThanOrEqual(3 * 4);
    const { settings } = app.context;
    const context = { ...app.context, settings: { ...settings, config: { sinks: { hooks: webhook({ parts: 4 }) } } } };
    await until(async () => (await outboxStatus(context)).sinks.every(({ parts }) => parts.every(({ due }) => due === 0)));
    expect(came.map(({ id }) => id).filter((id) => !idsOf(240).includes(id))).toEqual([]);
  });

  it('of two that share the parts: the other takes its parts over at once', { timeout: 60_000 }, async () => {
    const [first] = await Promise.all([startRelays('one'), startRelays('two')]);
    answerMs = 5;
    // In portions, so that both have their share.
    for (let i = 0; i < 4; i++) {
      await decide(app.context, numbered(60, 12, i * 60));
      await until(() => came.length >= (i + 1) * 60);
    }
    await decide(app.context, numbered(120, 12, 240));
    await until(() => came.length >= 270);
    await kill(first.child);
    const killedAt = performance.now();
    await until(() => new Set(came.map(({ id }) => id)).size === 360);
    // A lease lasts ten seconds; that of a dead process on this machine ends with it.
    expect(performance.now() - killedAt).toBeLessThan(8_000);
    expect(firstsByKey(came)).toEqual(inOrder(360, 12));
    expect(came.length - 360).toBeLessThanOrEqual(4);
    // A message of the killed one may still have been with the receiver when it came again.
    expect(overlaps.length).toBeLessThanOrEqual(4);
  });

  it('while the receiver is away: what waits is told when it is back, and the failure is known', { timeout: 60_000 }, async () => {
    isAway = true;
    await decide(app.context, numbered(8, 4));
    const { child } = await startRelays('one');
    const delayed = async (): Promise<readonly unknown[]> => {
      const range = { types: ['DeliveryDelayed'], after: 0, upTo: 1_000 };
      return (await app.context.storage.events.readTypes('default', 'ledger', range)).map(({ data }) => data);
    };
    await until(async () => (await delayed()).length > 0);
    expect((await delayed())[0]).toMatchObject({ sink: 'hooks', error: 'the receiver answered 503 Service Unavailable' });
    await kill(child);
    expect(came).toEqual([]);
    isAway = false;
    const { child: next } = await startRelays('one');
    await until(() => came.length >= 8);
    next.kill('SIGTERM');
    await once(next, 'close');
    expect(next.exitCode).toBe(0);
    expect(firstsByKey(came)).toEqual(inOrder(8, 4));
    expect(came).toHaveLength(8);
  });
});
