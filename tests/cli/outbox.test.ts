import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { idOf, startReceiver, verified, type Receiver } from '../../connectors/webhook/receiver.contract.ts';
import { decide, numbered, openOutboxRig, SECRET } from '../../runtime/outbox/outbox-rig.ts';
import { newFolder, riskflow, startRiskflow, type Start } from './riskflow.ts';

let receiver: Receiver;
let place: Start & { readonly folder: string };

beforeEach(async () => {
  receiver = await startReceiver();
  const folder = newFolder();
  writeFileSync(
    join(folder, 'riskflow.yml'),
    [
      'sinks:',
      `  hooks: { kind: webhook, url: '${receiver.url}/in', secretEnv: MY_HOOK_SECRET, parts: 2 }`,
      `  away: { kind: webhook, url: 'http://127.0.0.1:9/private', secretEnv: MY_HOOK_SECRET, parts: 1 }`,
    ].join('\n'),
  );
  place = { folder, data: join(folder, 'data'), env: { MY_HOOK_SECRET: SECRET } };
  const app = await openOutboxRig(place.data);
  await decide(app.context, numbered(12, 4));
  await app.close();
});
afterEach(() => receiver.close());

describe('riskflow outbox', () => {
  it('delivers what is due to one sink, tells what is left of another, and shows how all stand', async () => {
    receiver.answer((_, id) => ({ status: id === 'd-3' ? 410 : 200 }));
    const sent = await riskflow(['outbox', 'deliver', '--sink', 'hooks'], place);
    expect([sent.code, sent.out]).toEqual([0, 'sink   sent  passed over  left\nhooks    11            1\n']);
    expect(sent.err).toBe('riskflow: warning: sink hooks: d-3 is passed over: the receiver answered 410 Gone\n');
    expect(receiver.arrivals.map(idOf).toSorted()).toEqual(
      numbered(12, 4)
        .map(({ decisionId }) => decisionId)
        .toSorted(),
    );
    for (const arrival of receiver.arrivals) expect(verified(SECRET, arrival).data).toMatchObject({ decisionId: idOf(arrival) });

    const all = await riskflow(['outbox', 'deliver', '--json'], place);
    expect(all.code).toBe(1);
    const left = [{ part: 0, reason: expect.stringMatching(/^no answer from http:\/\/127\.0\.0\.1:9 \(/) as string }];
    expect(JSON.parse(all.out)).toEqual({
      sinks: [
        { sink: 'hooks', delivered: 0, refused: 0, left: [] },
        { sink: 'away', delivered: 0, refused: 0, left },
      ],
    });
    expect(receiver.arrivals).toHaveLength(12);

    const shown = await riskflow(['outbox', 'status'], place);
    expect(shown.code).toBe(0);
    expect(shown.out).toMatch(/^away +0 +0 of \d+ +12 /m);
    expect(shown.err).toContain('hooks: one message was passed over, the last (d-3)');
    const { out } = await riskflow(['outbox', 'status', '--json'], place);
    expect(JSON.parse(out)).toMatchObject({
      sinks: [
        { sink: 'hooks', kind: 'webhook', refused: 1, parts: [{ due: 0 }, { due: 0 }] },
        { sink: 'away', refused: 0, lastRefused: null, parts: [{ due: 12, heldBy: null, lastError: { messageId: 'd-0', stillSo: true } }] },
      ],
    });
    for (const text of [sent.err, all.err, all.out, shown.out, shown.err, out]) {
      expect(text).not.toContain('private');
      expect(text).not.toContain(SECRET);
    }
  });

  it('lists what was passed over, and sends it again when the receiver is well: signed, under its identity, once', async () => {
    receiver.answer(() => ({ status: 404 }));
    const sent = await riskflow(['outbox', 'deliver', '--sink', 'hooks'], place);
    expect(sent.err.match(/passed over/g)).toHaveLength(2);
    const dead = await riskflow(['outbox', 'dead', '--sink', 'hooks', '--json'], place);
    const ids = numbered(12, 4).map(({ decisionId }) => decisionId);
    const list = (JSON.parse(dead.out) as { readonly dead: readonly { readonly messageId: string }[] }).dead;
    expect(list.map(({ messageId }) => messageId)).toEqual(ids);
    expect(list[0]).toEqual({
      ...{ sink: 'hooks', messageId: 'd-0', n: 1, reason: 'the receiver answered 404 Not Found', gaveUp: false },
      ...{ part: expect.any(Number) as number, at: expect.stringMatching(/^\d{4}-.*Z$/) as string },
    });
    const again = await riskflow(['outbox', 'redeliver', '--sink', 'hooks', '--message', 'd-3', '--json'], place);
    expect(again.code).toBe(1);
    expect(JSON.parse(again.out)).toMatchObject({
      sinks: [{ sink: 'hooks', delivered: 0, refused: [{ id: 'd-3' }], dead: 12, reason: null }],
    });

    receiver.answer(() => ({ status: 200 }));
    const before = receiver.arrivals.length;
    const well = await riskflow(['outbox', 'redeliver', '--sink', 'hooks'], place);
    expect([well.code, well.out]).toEqual([
      0,
      'sink   delivered  refused again  dead still  why\nhooks         12              0           0\n',
    ]);
    const came = receiver.arrivals.slice(before);
    expect(came.map(idOf).toSorted()).toEqual(ids.toSorted());
    for (const arrival of came) expect(verified(SECRET, arrival).data).toMatchObject({ decisionId: idOf(arrival) });
    expect((await riskflow(['outbox', 'dead'], place)).err).toBe('riskflow: no message was passed over\n');
    expect((await riskflow(['outbox', 'redeliver', '--sink', 'hooks'], place)).code).toBe(0);
    expect(receiver.arrivals).toHaveLength(before + 12);
  });

  it('says what is missing before anything is sent', async () => {
    const unset = await riskflow(['outbox', 'deliver'], { ...place, env: {} });
    expect([unset.code, unset.out]).toEqual([2, '']);
    expect(unset.err).toContain('the variable MY_HOOK_SECRET is not set, which sinks.hooks.secretEnv names');
    const wrong = await riskflow(['outbox', 'deliver'], { ...place, env: { MY_HOOK_SECRET: 'my-own-words' } });
    expect(wrong.code).toBe(2);
    expect(wrong.err).toContain('MY_HOOK_SECRET (sinks.hooks.secretEnv) is no signing secret of webhooks');
    expect(wrong.err).not.toContain('my-own-words');
    const unknown = await riskflow(['outbox', 'deliver', '--sink', 'hoks'], place);
    expect([unknown.code, unknown.err]).toEqual([2, 'riskflow: there is no sink hoks in the configuration\n  → there are: hooks, away\n']);
    expect(receiver.arrivals).toEqual([]);
  });
});

describe('riskflow start', () => {
  it('tells decisions while it runs, and says once that a sink is in trouble', async () => {
    const running = startRiskflow(['start', '--no-http'], place);
    try {
      await expect.poll(() => new Set(receiver.arrivals.map(idOf)).size, { timeout: 30_000 }).toBe(12);
      await running.printed(/sink away: no answer from http:\/\/127\.0\.0\.1:9 .*; it is tried again, next in/);
    } finally {
      running.child.kill('SIGTERM');
    }
    const { err } = await running.finished;
    expect(err.match(/sink away/g)).toHaveLength(1);
    expect(err).not.toContain('private');
    const { out } = await riskflow(['outbox', 'status', '--json'], place);
    expect(JSON.parse(out)).toMatchObject({ sinks: [{ parts: [{ due: 0, heldBy: null }, { due: 0 }] }, { parts: [{ due: 12 }] }] });
  });
});
