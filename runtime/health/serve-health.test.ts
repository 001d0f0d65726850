import { afterEach, describe, expect, it } from 'vitest';
import { freeLoopbackPort, serveHealth, type HealthServer, type HealthProbes } from './serve-health.ts';

const ready: HealthProbes = { faults: () => Promise.resolve([]), metrics: () => Promise.resolve('x_total 1\n') };
const ANY = { host: '127.0.0.1', port: 0 };

describe('health and metrics over HTTP', () => {
  const served: HealthServer[] = [];
  afterEach(async () => {
    for (const http of served.splice(0)) await http.close();
  });
  const serve = async (probes: HealthProbes, place = ANY): Promise<string> => {
    const http = await serveHealth(place, probes);
    served.push(http);
    return http.url;
  };
  const ask = async (url: string, method = 'GET'): Promise<unknown> => {
    const response = await fetch(url, { method });
    return [response.status, response.headers.get('content-type'), await response.text()];
  };

  const json = 'application/json';
  it.each<[string, string, unknown]>([
    ['GET', '/health/live', [200, json, '{"status":"live"}\n']],
    ['GET', '/health/ready', [200, json, '{"status":"ready"}\n']],
    ['GET', '/metrics?x=1', [200, 'text/plain; version=0.0.4; charset=utf-8', 'x_total 1\n']],
    ['GET', '/', [404, json, '{"status":"failed","reason":"there are /health/live, /health/ready and /metrics"}\n']],
    ['POST', '/metrics', [405, json, '{"status":"failed","reason":"only GET is served here"}\n']],
    ['HEAD', '/health/live', [200, json, '']],
  ])('%s %s', async (method, path, expected) => expect(await ask(`${await serve(ready)}${path}`, method)).toEqual(expected));

  it('is not ready, with reasons, while something is wrong', async () => {
    const url = await serve({ ...ready, faults: () => Promise.resolve(['Temporal does not answer: no', 'the worker is draining']) });
    expect(await ask(`${url}/health/ready`)).toEqual([
      503,
      json,
      '{"status":"unavailable","reasons":["Temporal does not answer: no","the worker is draining"]}\n',
    ]);
    expect(await ask(`${url}/health/live`)).toEqual([200, json, '{"status":"live"}\n']);
  });

  it('survives a question that fails', async () => {
    const url = await serve({ ...ready, metrics: () => Promise.reject(new Error('no figures')) });
    expect(await ask(`${url}/metrics`)).toEqual([500, json, '{"status":"failed","reason":"no figures"}\n']);
    expect(await ask(`${url}/health/live`)).toEqual([200, json, '{"status":"live"}\n']);
  });

  it('names the port that is occupied, and the address that is not one of this machine', async () => {
    const url = new URL(await serve(ready));
    const place = { host: '127.0.0.1', port: Number(url.port) };
    await expect(serveHealth(place, ready)).rejects.toMatchObject({
      code: 'usage',
      message: `the port ${url.port} of 127.0.0.1, for health and metrics, is occupied`,
      hint: expect.stringContaining('--no-http'),
    });
    await expect(serveHealth({ host: '192.0.2.1', port: 0 }, ready)).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('cannot be served on 192.0.2.1:0'),
    });
  });

  it('can be served on a port that was found free', async () => {
    const port = await freeLoopbackPort();
    expect(await serve(ready, { host: '127.0.0.1', port })).toBe(`http://127.0.0.1:${port}`);
  });
});
