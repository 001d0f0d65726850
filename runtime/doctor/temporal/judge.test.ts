import { describe, expect, it } from 'vitest';
import { judgeRefusal, judgeTemporal, type TemporalFacts, type TemporalWants } from './judge.ts';

const NOW = 1_800_000_000_000;
const good: TemporalFacts = {
  version: '1.29.1',
  schedules: true,
  namespace: { retentionSeconds: 7 * 86_400 },
  missingAttributes: [],
  pollers: { workflow: [NOW - 100], activity: [NOW - 50] },
  askedAt: NOW,
};
const wants: TemporalWants = { namespace: 'risk', taskQueue: 'riskflow', encrypted: true, near: false };

describe('judgeTemporal', () => {
  it('finds nothing wrong with a server as it should be', () => {
    const judgements = judgeTemporal(good, wants);
    expect(judgements.map(({ check, status }) => [check, status])).toEqual(
      ['version', 'encryption', 'namespace', 'search attributes', 'workers'].map((check) => [check, 'ok']),
    );
  });

  it.each<readonly [string, Partial<TemporalFacts>, Partial<TemporalWants>, readonly [string, string, RegExp, RegExp]]>([
    ['an old server', { version: '1.24.2' }, {}, ['version', 'warning', /priorities/, /1\.29\.1 or later/]],
    ['a server without schedules', { schedules: false }, {}, ['version', 'warning', /without schedules/, /schedules/]],
    ['a far server without TLS', {}, { encrypted: false }, ['encryption', 'warning', /not encrypted/, /temporal\.tls/]],
    [
      'no such namespace',
      { namespace: undefined },
      {},
      ['namespace', 'problem', /^risk is not there/, /namespace create --namespace risk/],
    ],
    ['what is over is forgotten soon', { namespace: { retentionSeconds: 3600 } }, {}, ['namespace', 'warning', /1 hours/, /--retention/]],
    [
      'a missing attribute',
      { missingAttributes: ['RiskflowFlow'] },
      {},
      ['search attributes', 'warning', /risk lacks RiskflowFlow/, /riskflow migrate/],
    ],
    [
      'no worker',
      { pollers: { workflow: [], activity: [] } },
      {},
      ['workers', 'warning', /runs and effects of the queue riskflow/, /riskflow worker/],
    ],
    ['half a worker', { pollers: { workflow: [NOW], activity: [] } }, {}, ['workers', 'warning', /takes effects/, /riskflow worker/]],
    ['a clock that is ahead', { pollers: { workflow: [NOW + 7000], activity: [NOW] } }, {}, ['clock', 'problem', /7\.0 s ahead/, /NTP/]],
  ])('%s', (_, facts, other, [check, status, detail, remedy]) => {
    const wrong = judgeTemporal({ ...good, ...facts }, { ...wants, ...other }).filter((judgement) => judgement.status !== 'ok');
    expect(wrong).toEqual([
      { check, status, detail: expect.stringMatching(detail) as string, remedy: expect.stringMatching(remedy) as string },
    ]);
  });

  it('takes a version that it cannot read, as clouds have them, for a new one', () => {
    expect(judgeTemporal({ ...good, version: '' }, wants).filter(({ status }) => status !== 'ok')).toEqual([]);
  });
});

describe('judgeRefusal', () => {
  it.each([
    ['7 PERMISSION_DENIED: Request unauthorized.', /API key/],
    ["Hostname/IP does not match certificate's altnames", /serverName/],
    ['self-signed certificate in certificate chain', /tls\.ca/],
    ['tlsv13 alert certificate required', /temporal\.tls\.cert/],
    ['something answers there, though not as Temporal without TLS does', /temporal\.tls/],
    ['connect ECONNREFUSED 127.0.0.1:9', /start the server/],
    ['nothing answers there in time', /t:7233 is the frontend/],
  ])('%s', (message, remedy) => expect(judgeRefusal(message, 't:7233').remedy).toMatch(remedy));
});
