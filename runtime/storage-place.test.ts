import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { isRiskflowError } from '../schemas/index.ts';
import { readSettings } from './settings.ts';

const folder = mkdtempSync(join(tmpdir(), 'riskflow-place-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
writeFileSync(join(folder, 'ca.pem'), 'CA');

function settings(config: string, environment: Readonly<Record<string, string>> = {}) {
  writeFileSync(join(folder, 'riskflow.yml'), config);
  return readSettings(environment, folder);
}

function refusal(config: string, environment: Readonly<Record<string, string>> = {}): string {
  try {
    settings(config, environment);
  } catch (error) {
    if (isRiskflowError(error)) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'accepted';
}

const MYSQL = 'storage: { mysql: { url: "mysql://risk@db:3306/riskflow", passwordEnv: DB_PASSWORD, connections: 4 } }';
const GIVEN = 'mysql://u:p%40ss@127.0.0.1:3307/other';

describe('where events are kept', () => {
  it('is the data folder, when nothing else is said', () => {
    expect(settings('').storage).toEqual({ kind: 'sqlite', folder: join(folder, 'data') });
  });

  it('is the server of the configuration, its password from the environment', () => {
    expect(settings(MYSQL, { DB_PASSWORD: 'a b/c' }).storage).toEqual({
      kind: 'mysql',
      url: 'mysql://risk:a%20b%2Fc@db:3306/riskflow',
      password: 'a b/c',
      tls: undefined,
      connections: 4,
    });
  });

  it('is the server of the environment before that of the configuration, and neither for the one who wants the folder', () => {
    const both = { DB_PASSWORD: 'x', RISKFLOW_MYSQL_URL: GIVEN };
    expect(settings(MYSQL, both).storage).toMatchObject({ kind: 'mysql', url: GIVEN, password: 'p@ss' });
    expect(settings(MYSQL, { ...both, RISKFLOW_STORAGE: 'sqlite' }).storage).toMatchObject({ kind: 'sqlite' });
  });

  it('reads certificates beside the configuration', () => {
    const { storage } = settings('storage: { mysql: { url: "mysql://db/riskflow", tls: { ca: ca.pem } } }');
    expect(storage).toMatchObject({ tls: { ca: 'CA' } });
  });

  it.each([
    ['a password in the file', 'storage: { mysql: { url: "mysql://u:secret1@db/riskflow" } }', {}, /storage\.mysql\.url: .*passwordEnv/],
    ['another kind of server', 'storage: { mysql: { url: "postgres://db/riskflow" } }', {}, /storage\.mysql\.url/],
    ['a password that is not set', MYSQL, {}, /^missing_key: .*DB_PASSWORD holds it, which is not set/],
    ['an address that is none', '', { RISKFLOW_MYSQL_URL: 'db:secret2' }, /^usage: RISKFLOW_MYSQL_URL does not have the form/],
    ['an address without a database', '', { RISKFLOW_MYSQL_URL: 'mysql://u:secret3@db' }, /^usage: RISKFLOW_MYSQL_URL/],
    ['an unknown kind of storage', '', { RISKFLOW_STORAGE: 'files' }, /^usage: RISKFLOW_STORAGE is "files"/],
    [
      'a missing certificate',
      'storage: { mysql: { url: "mysql://db/r", tls: { ca: no.pem } } }',
      {},
      /no\.pem \(storage\.mysql\.tls\.ca\) cannot be read/,
    ],
    [
      'a certificate without its key',
      'storage: { mysql: { url: "mysql://db/r", tls: { cert: ca.pem } } }',
      {},
      /tls names a cert without its key/,
    ],
    [
      'an address of Temporal that is none',
      '',
      { RISKFLOW_TEMPORAL_ADDRESS: 'http://x' },
      /^usage: the address of Temporal is "http:\/\/x"/,
    ],
  ])('%s is refused in one sentence that shows no password', (_, config, environment, expected) => {
    const told = refusal(config, environment);
    expect(told).toMatch(expected);
    expect(told).not.toMatch(/secret\d/);
  });
});

describe('where Temporal is', () => {
  it('is nowhere unless said, and has a namespace and a queue by default', () => {
    expect(settings('').temporal).toBeUndefined();
    expect(settings('temporal: { address: "t:7233", namespace: risk }').temporal).toEqual({
      address: 't:7233',
      namespace: 'risk',
      taskQueue: 'riskflow',
    });
    expect(settings('temporal: { address: "t:7233" }', { RISKFLOW_TEMPORAL_ADDRESS: '[::1]:7233' }).temporal).toMatchObject({
      address: '[::1]:7233',
    });
  });
});
