import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DeliveryFailed } from '../delivery-failed.ts';
import { fetchPost } from './fetch-post.contract.ts';
import { sampleMessage, sinkContract } from '../sink.contract.ts';
import { idOf, startReceiver, verified, type Answer, type Arrival, type Receiver } from './receiver.contract.ts';
import { createWebhookSink, type WebhookSinkOptions } from './webhook-sink.ts';

const secretOf = (letter: string): string => `whsec_${Buffer.from(letter.repeat(32)).toString('base64')}`;
const SECRET = { name: 'HOOK_SECRET', value: secretOf('s') };
const OLD = { name: 'OLD_HOOK_SECRET', value: secretOf('o') };
const never = new AbortController().signal;

let receiver: Receiver;
beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(() => receiver.close());

const sinkTo = (url: string, parts: Partial<WebhookSinkOptions> = {}) =>
  createWebhookSink({ url, secrets: [SECRET], timeoutMs: 5_000, post: fetchPost, ...parts });
const failureOf = async (sent: Promise<unknown>): Promise<DeliveryFailed> => {
  const error = await sent.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof DeliveryFailed) return error;
  throw new Error('it was not said to have failed', { cause: error });
};

sinkContract('a webhook', async () => {
  const own = await startReceiver();
  const accepted: Arrival[] = [];
  let away = false;
  own.answer((arrival) => {
    if (away) return 'reset';
    accepted.push(arrival);
    return { status: 204 };
  });
  return {
    sink: sinkTo(`${own.url}/hook`),
    received: () => Promise.resolve(accepted.map((arrival) => ({ id: idOf(arrival), body: verified(SECRET.value, arrival).data }))),
    goAway: (wanted) => {
      away = wanted;
      return Promise.resolve();
    },
    close: own.close,
  };
});

describe('a webhook', () => {
  it('is what Standard Webhooks says: verified by its own library, and by nothing else', async () => {
    await sinkTo(`${receiver.url}/in?x=1`).send([sampleMessage('d-1', { type: 'alert' })], never);
    const [arrival] = receiver.arrivals;
    if (arrival === undefined) throw new Error('nothing arrived');
    expect(arrival.path).toBe('/in?x=1');
    expect(arrival.headers).toMatchObject({ 'content-type': 'application/json', 'webhook-id': 'd-1', 'user-agent': 'riskflow' });
    expect(verified(SECRET.value, arrival)).toEqual({
      type: 'alert',
      timestamp: '2025-10-09T08:53:20.000Z',
      data: sampleMessage('d-1').body,
    });
    expect(() => verified(OLD.value, arrival)).toThrow('No matching signature');
    expect(() => verified(SECRET.value, { ...arrival, text: arrival.text.replace('spam', 'ham') })).toThrow('No matching signature');
    const elsewhere = { ...arrival, headers: { ...arrival.headers, 'webhook-id': 'd-2' } };
    expect(() => verified(SECRET.value, elsewhere)).toThrow('No matching signature');
  });

  it('is signed anew for each attempt, so that the receiver may refuse what is recorded and sent again later', async () => {
    let now = Date.now() - 10 * 60_000;
    const sink = sinkTo(receiver.url, { now: () => now });
    await sink.send([sampleMessage('d-1')], never);
    now = Date.now();
    await sink.send([sampleMessage('d-1')], never);
    const [early, late] = receiver.arrivals;
    if (early === undefined || late === undefined) throw new Error('two should have arrived');
    expect(() => verified(SECRET.value, early)).toThrow('too old');
    expect(verified(SECRET.value, late).data).toEqual(sampleMessage('d-1').body);
  });

  it('is signed with the secret in use and with the one before it', async () => {
    await sinkTo(receiver.url, { secrets: [SECRET, OLD] }).send([sampleMessage('d-1')], never);
    const [arrival] = receiver.arrivals;
    if (arrival === undefined) throw new Error('nothing arrived');
    expect(String(arrival.headers['webhook-signature']).split(' ')).toHaveLength(2);
    for (const { value } of [SECRET, OLD]) expect(verified(value, arrival).type).toBe('decision');
    expect(() => verified(secretOf('x'), arrival)).toThrow('No matching signature');
  });

  it.each([
    ['', 'no prefix, nothing'],
    ['whsec_', 'nothing behind the prefix'],
    [Buffer.from('s'.repeat(32)).toString('base64'), 'no prefix'],
    [`whsec_${Buffer.from('s'.repeat(23)).toString('base64')}`, 'too short'],
    [`whsec_${Buffer.from('s'.repeat(65)).toString('base64')}`, 'too long'],
    ['whsec_c2Vjc*V0c2Vjc2V0c2VjcmV0c2VjcmV0c2Vj', 'no base64'],
  ])('takes no secret like %j (%s), and does not repeat it', (value) => {
    const make = () => sinkTo(receiver.url, { secrets: [{ name: 'HOOK_SECRET', value }] });
    expect(make).toThrow('HOOK_SECRET is no signing secret of webhooks');
    if (value.length > 6) expect(make).not.toThrow(value);
  });

  it.each([200, 201, 202, 204, 299])('is delivered with status %i', async (status) => {
    receiver.answer(() => ({ status }));
    expect(await sinkTo(receiver.url).send([sampleMessage('a'), sampleMessage('b')], never)).toEqual([]);
    expect(receiver.arrivals.map(idOf)).toEqual(['a', 'b']);
  });

  it.each([
    [400, '400 Bad Request'],
    [401, '401 Unauthorized'],
    [404, '404 Not Found'],
    [410, '410 Gone'],
    [413, '413 Payload Too Large'],
    [422, '422 Unprocessable Entity'],
  ])('is refused with status %i, and those behind it are told', async (status, words) => {
    receiver.answer((_, id) => ({ status: id === 'b' ? status : 200, body: 'a secret of the receiver' }));
    const refused = await sinkTo(receiver.url).send([sampleMessage('a'), sampleMessage('b'), sampleMessage('c')], never);
    expect(refused).toEqual([{ id: 'b', reason: `the receiver answered ${words}` }]);
    expect(receiver.arrivals.map(idOf)).toEqual(['a', 'b', 'c']);
  });

  it('with an id that cannot stand in a header is refused and not sent', async () => {
    const refused = await sinkTo(receiver.url).send([sampleMessage('d\r\nx: 1'), sampleMessage('ok')], never);
    expect(refused).toEqual([{ id: 'd\r\nx: 1', reason: 'its id cannot stand in a header' }]);
    expect(receiver.arrivals.map(idOf)).toEqual(['ok']);
  });

  const inTenSeconds = new Date(1_760_000_010_000).toUTCString();
  it.each<readonly [Answer & object, string, number]>([
    [{ status: 500 }, '500 Internal Server Error', 0],
    [{ status: 408 }, '408 Request Timeout', 0],
    [{ status: 425 }, '425 Too Early', 0],
    [{ status: 429, headers: { 'retry-after': '7' } }, '429 Too Many Requests', 7_000],
    [{ status: 503, headers: { 'retry-after': inTenSeconds } }, '503 Service Unavailable', 10_000],
    [{ status: 503, headers: { 'retry-after': '99999999' } }, '503 Service Unavailable', 3_600_000],
    [{ status: 503, headers: { 'retry-after': 'soon' } }, '503 Service Unavailable', 0],
    [{ status: 503, headers: { 'retry-after': '-3' } }, '503 Service Unavailable', 0],
  ])('is to be sent again after %j', async (answer, words, retryAfterMs) => {
    receiver.answer(() => answer);
    const sink = sinkTo(receiver.url, { now: () => 1_760_000_000_000 });
    const failure = await failureOf(sink.send([sampleMessage('a'), sampleMessage('b')], never));
    expect(failure).toMatchObject({ code: 'failed', message: `the receiver answered ${words}`, retryAfterMs });
    // It keeps its place before the next one.
    expect(receiver.arrivals.map(idOf)).toEqual(['a']);
  });

  it('follows no redirect', async () => {
    const other = await startReceiver();
    try {
      receiver.answer(() => ({ status: 307, headers: { location: other.url } }));
      const failure = await failureOf(sinkTo(receiver.url).send([sampleMessage('a')], never));
      expect(failure.message).toBe(
        'the receiver answered 307 Temporary Redirect, and redirects are not followed: write the address that it leads to',
      );
      expect(other.arrivals).toEqual([]);
    } finally {
      await other.close();
    }
  });

  it('waits no longer than its time-out, and stops at once when aborted', async () => {
    receiver.answer(() => 'hang');
    const failure = await failureOf(sinkTo(receiver.url, { timeoutMs: 150 }).send([sampleMessage('a')], never));
    expect(failure.message).toBe(`no answer from ${receiver.url} within 150 ms`);
    const stop = new AbortController();
    const sent = sinkTo(receiver.url).send([sampleMessage('b')], stop.signal);
    stop.abort(new Error('the process ends'));
    await expect(sent).rejects.toThrow('the process ends');
  });

  it('reads an endless answer no further than it must', async () => {
    receiver.answer(() => ({ status: 200, body: 'x'.repeat(30 << 20) }));
    const before = process.memoryUsage().rss;
    expect(await sinkTo(receiver.url).send([sampleMessage('a'), sampleMessage('b')], never)).toEqual([]);
    expect(process.memoryUsage().rss - before).toBeLessThan(200 << 20);
    expect(receiver.arrivals.map(idOf)).toEqual(['a', 'b']);
  });

  it.each(['drips', 'breaks off'] as const)('is delivered with its status, whether or not the answer %s', async (unended) => {
    receiver.answer(() => ({ status: 200, unended }));
    const began = performance.now();
    expect(await sinkTo(receiver.url, { timeoutMs: 3_000 }).send([sampleMessage('a')], never)).toEqual([]);
    expect(performance.now() - began).toBeLessThan(2_500);
    expect(receiver.arrivals.map(idOf)).toEqual(['a']);
  });

  it('tells of no address more than where it leads, and never the secret', async () => {
    const closed = await startReceiver();
    await closed.close();
    const failure = await failureOf(sinkTo(`${closed.url}/services/T0/path-secret?token=abc`).send([sampleMessage('a')], never));
    expect(failure.message).toMatch(/^no answer from http:\/\/127\.0\.0\.1:\d+ \(connect ECONNREFUSED/);
    for (const hidden of ['path-secret', 'token', SECRET.value]) expect(failure.message).not.toContain(hidden);
  });

  const openssl = hasOpenssl();
  it.skipIf(!openssl)(`does not go where the certificate is not trusted${openssl ? '' : ' (openssl is not installed)'}`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'riskflow-webhook-'));
    try {
      const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
      const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
      execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, ...subject], {
        stdio: 'ignore',
      });
      const pem = { key: readFileSync(key), cert: readFileSync(cert) };
      const guarded = await startReceiver((listener) => createTlsServer(pem, listener));
      const failure = await failureOf(sinkTo(guarded.url.replace('http:', 'https:')).send([sampleMessage('a')], never));
      expect(failure.message).toContain('self-signed certificate');
      expect(guarded.arrivals).toEqual([]);
      await guarded.close();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

function hasOpenssl(): boolean {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
