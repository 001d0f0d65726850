import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { isRiskflowError } from '../../schemas/index.ts';
import { readSettings } from '../settings.ts';
import { checkConfiguration } from './check.ts';
import { secretValues } from './secret-values.ts';
import { showConfiguration } from './show.ts';

const folder = mkdtempSync(join(tmpdir(), 'riskflow-configuration-'));
const file = join(folder, 'riskflow.yml');
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(() => rmSync(file, { force: true }));

type Environment = Readonly<Record<string, string>>;
const check = (config: string | undefined, environment: Environment = {}) => {
  if (config !== undefined) writeFileSync(file, config);
  return checkConfiguration({ environment, folder });
};
const brief = (findings: ReturnType<typeof check>['errors']): readonly string[] =>
  findings.map(({ line, column, setting, message }) => `${line ?? '-'}:${column ?? '-'} ${setting}: ${message}`);

describe('config check', () => {
  it('finds nothing wrong where nothing is set', () => {
    expect(check(undefined)).toEqual({ file: null, errors: [], warnings: [] });
  });

  it('tells of all errors at once, each with its place', () => {
    const { errors } = check(
      [
        'storage:',
        '  mysql:',
        '    url: mysql://u:hunter22@db/r',
        '    passwordEnv: DB_PW',
        '    tls: { ca: no.pem, key: no.key }',
        'temporal:',
        '  adress: t:7233',
        '  taskQueue: 7',
        'models:',
        '  acme: { apiKeyEnv: ACME }',
        'modelConcurrency: many',
        'runTimeoutMs: 0',
      ].join('\n'),
      { OPENAI_BASE_URL: 'nowhere', RISKFLOW_STORAGE: 'files', RISKFLOW_TEMPORAL_ADDRESS: 'http://t' },
    );
    expect(brief(errors)).toEqual([
      '3:10 storage.mysql.url: the password does not belong here: name its variable with passwordEnv',
      '7:3 temporal.adress: there is no setting "adress"',
      '8:14 temporal.taskQueue: string is expected here, not number',
      '10:3 models.acme.baseUrl: it is missing',
      '11:19 modelConcurrency: number is expected here, not string',
      '12:15 runTimeoutMs: Too small: expected number to be >=1',
      '-:- RISKFLOW_STORAGE: RISKFLOW_STORAGE is "files", and can only be sqlite or left out',
      '-:- RISKFLOW_TEMPORAL_ADDRESS: the address of Temporal is "http://t", which is not of the form host:port',
      '-:- OPENAI_BASE_URL: OPENAI_BASE_URL is "nowhere", which is not an http(s) address',
    ]);
    expect(errors[1]?.hint).toMatch(/^did you mean address\? the settings here are: address, namespace, taskQueue/);
    expect(errors[4]?.hint).toMatch(/such as 32$/);
    expect(JSON.stringify(errors)).not.toContain('hunter22');
  });

  it('tells of every file and variable that is missing', () => {
    const { errors } = check(
      'storage: { mysql: { url: "mysql://u@db/r", passwordEnv: DB_PW, tls: { ca: no.pem, key: no.key } } }\ntemporal: { address: "t:1", apiKeyFile: no.key }\n',
      { OPENAI_API_KEY_FILE: 'no.key' },
    );
    expect(errors.map(({ line, setting }) => [line, setting])).toEqual([
      [1, 'storage.mysql.tls'],
      [1, 'storage.mysql.tls.ca'],
      [1, 'storage.mysql.tls.key'],
      [1, 'storage.mysql.passwordEnv'],
      [2, 'temporal.apiKeyFile'],
      [null, 'OPENAI_API_KEY_FILE'],
    ]);
  });

  it('tells where YAML is broken', () => {
    const { errors } = check('models: [\n  a: b: c\n');
    expect(errors.length).toBeGreaterThanOrEqual(1);
    expect(errors[0]).toMatchObject({ file, line: expect.any(Number) as number, column: expect.any(Number) as number });
    expect(errors[0]?.message).toMatch(/^this is not valid YAML: /);
  });

  it.each<readonly [string, string, Environment, readonly string[], readonly string[]]>([
    [
      'an address that is none',
      'storage: { mysql: { url: nonsense, passwordEnv: DB_PW } }\n',
      { RISKFLOW_MYSQL_PASSWORD: 'x' },
      ['1:26 storage.mysql.url'],
      [],
    ],
    [
      'a misspelt name',
      'storage: { mysql: { urll: "mysql://u@h/r" } }\n',
      { RISKFLOW_MYSQL_PASSWORD: 'x' },
      ['1:21 storage.mysql.urll'],
      [],
    ],
    [
      'a section that cannot be read',
      'temporal: { adress: "t:1" }\n',
      { RISKFLOW_TEMPORAL_NAMESPACE: 'n', RISKFLOW_MYSQL_PASSWORD: 'x' },
      ['1:13 temporal.adress'],
      // The file says nothing of MySQL, broken or not.
      ['RISKFLOW_MYSQL_PASSWORD'],
    ],
    [
      'a provider whose key is named there',
      'models: { acme: { baseUrl: nowhere, apiKeyEnv: RISKFLOW_A } }\n',
      { RISKFLOW_A: 'x', RISKFLOW_MYSQL_ULR: 'x' },
      ['1:28 models.acme.baseUrl'],
      ['RISKFLOW_MYSQL_ULR'],
    ],
    [
      'YAML that is broken',
      'a: [\n',
      { RISKFLOW_MYSQL_PASSWORD: 'x', RISKFLOW_TEMPORAL_KEYS: `a:${'A'.repeat(43)}=`, RISKFLOW_A: 'x' },
      ['2:1 '],
      [],
    ],
    ['a file that is not there', '', { RISKFLOW_CONFIG: 'none.yml', RISKFLOW_MYSQL_PASSWORD: 'x' }, ['-:- RISKFLOW_CONFIG'], []],
  ])('warns of nothing that only follows from %s', (_, config, environment, errors, warnings) => {
    const checked = check(config, environment);
    expect(brief(checked.errors).map((line) => line.split(': ')[0])).toEqual(errors);
    expect(checked.warnings.map(({ setting }) => setting)).toEqual(warnings);
  });

  it.each([
    ['a list', '# mine\n- a\n', '2:1'],
    ['a word', 'hello\n', '1:1'],
    ['a number', '42', '1:1'],
    ['several documents', 'runTimeoutMs: 1\n---\nb: 2\n', '2:1'],
  ])('says where a file is %s, in every command', (_, config, place) => {
    const { errors } = check(config);
    expect(errors).toMatchObject([{ file, setting: '', hint: expect.stringContaining(':') as string }]);
    expect(brief(errors)[0]).toMatch(new RegExp(`^${place} : `));
    const [line, column] = place.split(':');
    expect(() => readSettings({}, folder)).toThrow(new RegExp(`^${file}.* line ${line}, column ${column}`));
  });

  it('takes an empty file, and one of comments only, for one that sets nothing', () => {
    expect(check('').errors).toEqual([]);
    expect(check('# modelConcurrency: 4\n').errors).toEqual([]);
  });

  it('refuses a secret where the name of its variable belongs, or in an address, and repeats none', () => {
    const key = 'sk-hunter2abcdefghijk';
    const { errors } = check(
      [
        'models:',
        `  acme: { baseUrl: "https://me:hunter22@api.example.com/v1", apiKeyEnv: ${key} }`,
        '  other: { baseUrl: "http://a/v1", apiKeyEnv: Hunter23AbcDefGhiJkl }',
        'storage: { mysql: { url: "mysql://u@h/r", passwordEnv: "hunter24!" } }',
        'temporal: { address: "t:1", apiKeyEnv: eyJhunter25abc.def.ghi }',
      ].join('\n'),
      { OPENAI_BASE_URL: 'http://me:hunter26@127.0.0.1/v1' },
    );
    expect(errors.map(({ setting, line }) => [setting, line])).toEqual([
      ['models.acme.baseUrl', 2],
      ['models.acme.apiKeyEnv', 2],
      ['models.other.apiKeyEnv', 3],
      ['storage.mysql.passwordEnv', 4],
      ['temporal.apiKeyEnv', 5],
      ['OPENAI_BASE_URL', null],
    ]);
    expect(JSON.stringify(errors)).not.toMatch(/hunter/i);
    const shown = showConfiguration({ environment: { RISKFLOW_BUILD_ID: key, RISKFLOW_TEMPORAL_ADDRESS: 'me:hunter27@t:1' }, folder });
    expect(JSON.stringify(shown)).not.toMatch(/hunter/i);
  });

  it('takes another file than the one in use', () => {
    const other = join(folder, 'other.yml');
    writeFileSync(other, 'runTimeout: 1\n');
    expect(checkConfiguration({ environment: {}, folder, file: 'other.yml' })).toMatchObject({
      file: other,
      errors: [{ line: 1, column: 1 }],
    });
    expect(checkConfiguration({ environment: {}, folder, file: 'none.yml' }).errors[0]?.message).toMatch(
      /none\.yml \(FILE\) does not exist/,
    );
  });

  const MYSQL = 'storage: { mysql: { url: "mysql://u@db/r", passwordEnv: DB_PW } }\n';
  it.each<readonly [string, string | undefined, Environment, readonly (readonly [setting: string, hint: RegExp])[]]>([
    ['MySQL beside RISKFLOW_STORAGE', MYSQL, { RISKFLOW_STORAGE: 'sqlite' }, [['storage.mysql', /unset RISKFLOW_STORAGE/]]],
    [
      'both in the environment',
      undefined,
      { RISKFLOW_STORAGE: 'sqlite', RISKFLOW_MYSQL_URL: 'mysql://db/r' },
      [['RISKFLOW_MYSQL_URL', /unset/]],
    ],
    [
      'MySQL in both places',
      MYSQL,
      { RISKFLOW_MYSQL_URL: 'mysql://db/r' },
      [
        ['storage.mysql.url', /leave one/],
        ['storage.mysql.passwordEnv', /leave one/],
      ],
    ],
    [
      'two passwords',
      undefined,
      { RISKFLOW_MYSQL_URL: 'mysql://u:p@db/r', RISKFLOW_MYSQL_PASSWORD: 'q' },
      [['RISKFLOW_MYSQL_PASSWORD', /leave one/]],
    ],
    ['a password for nothing', undefined, { RISKFLOW_MYSQL_PASSWORD: 'q' }, [['RISKFLOW_MYSQL_PASSWORD', /RISKFLOW_MYSQL_URL/]]],
    [
      'Temporal without an address',
      'temporal: { taskQueue: q }\n',
      { RISKFLOW_TEMPORAL_NAMESPACE: 'n' },
      [
        ['temporal', /ADDRESS/],
        ['RISKFLOW_TEMPORAL_NAMESPACE', /ADDRESS/],
      ],
    ],
    [
      'a namespace in both places',
      'temporal: { address: "t:1", namespace: a }\n',
      { RISKFLOW_TEMPORAL_NAMESPACE: 'b' },
      [['temporal.namespace', /leave one/]],
    ],
    [
      'a key of a model that is not set',
      'models: { acme: { baseUrl: "http://a/v1", apiKeyEnv: ACME } }\n',
      {},
      [['models.acme.apiKeyEnv', /set ACME, or ACME_FILE/]],
    ],
    ['a secret given twice', undefined, { OPENAI_API_KEY: 'k', OPENAI_API_KEY_FILE: 'f' }, [['OPENAI_API_KEY_FILE', /leave one/]]],
    ['a misspelt variable', undefined, { RISKFLOW_MYSQL_ULR: 'x' }, [['RISKFLOW_MYSQL_ULR', /^did you mean RISKFLOW_MYSQL_URL\?$/]]],
    ['a variable of nobody', undefined, { RISKFLOW_TURBO: '1' }, [['RISKFLOW_TURBO', /config show/]]],
    [
      'variables that are read',
      'models: { a: { baseUrl: "http://a/v1", apiKeyEnv: RISKFLOW_A_KEY } }\n',
      { RISKFLOW_DATA: 'd', RISKFLOW_SECRET_X: 's', RISKFLOW_A_KEY: 'k' },
      [],
    ],
  ])('warns of %s', (_, config, environment, expected) => {
    const { errors, warnings } = check(config, environment);
    expect(errors).toEqual([]);
    expect(warnings.map(({ setting, hint }) => [setting, hint])).toEqual(
      expected.map(([setting, hint]) => [setting, expect.stringMatching(hint) as string]),
    );
  });

  it('warns of a file that nobody reads', () => {
    const yaml = join(folder, 'riskflow.yaml');
    writeFileSync(yaml, '');
    expect(check(undefined).warnings).toMatchObject([{ message: 'nothing reads the file riskflow.yaml' }]);
    rmSync(yaml);
  });
});

describe('other commands', () => {
  it('end with the first error, and say that there are more', () => {
    writeFileSync(file, 'modelConcurrency: many\nrunTimeoutMs: 0\n');
    try {
      readSettings({}, folder);
      expect.unreachable();
    } catch (error) {
      expect(isRiskflowError(error) && [error.code, error.message, error.hint]).toEqual([
        'invalid_file',
        `${file}: modelConcurrency: number is expected here, not string`,
        expect.stringMatching(/`riskflow config check` shows 1 more$/) as string,
      ]);
    }
  });

  it('read secrets from files', () => {
    writeFileSync(join(folder, 'pw'), 'p@ss word\n');
    writeFileSync(file, 'temporal: { address: "t:1", apiKeyFile: pw }\nmodels: { acme: { baseUrl: "http://a/v1", apiKeyEnv: ACME } }\n');
    const environment = {
      RISKFLOW_MYSQL_URL: 'mysql://u@db/r',
      RISKFLOW_MYSQL_PASSWORD_FILE: 'pw',
      ACME_FILE: 'pw',
      RISKFLOW_TEMPORAL_NAMESPACE: 'risk',
      RISKFLOW_TEMPORAL_TASK_QUEUE: 'q',
    };
    const { storage, temporal, environment: read } = readSettings(environment, folder);
    expect(storage).toMatchObject({ url: 'mysql://u:p%40ss%20word@db/r', password: 'p@ss word' });
    expect(temporal).toEqual({ address: 't:1', namespace: 'risk', taskQueue: 'q', apiKey: 'p@ss word' });
    expect(read['ACME']).toBe('p@ss word');
  });
});

describe('config show', () => {
  it('shows where each value comes from, and no secret', () => {
    writeFileSync(
      file,
      '# mine\nstorage:\n  mysql: { url: "mysql://u@db/r", passwordEnv: DB_PW, connections: 4 }\nprices:\n  gpt: { inputPerMillion: 1.5, outputPerMillion: 2 }\n',
    );
    const environment = {
      RISKFLOW_TEMPORAL_ADDRESS: 't:1',
      RISKFLOW_MYSQL_URL: 'mysql://u:hunter22@db:1/r?x=hunter33',
      OPENAI_API_KEY: 'sk-hunter44',
      RISKFLOW_SECRET_API: 'hunter55',
      RISKFLOW_TEMPORAL_API_KEY_FILE: '/run/key',
      DB_PW: 'hunter66',
    };
    const { settings, ...rest } = showConfiguration({ environment, folder });
    expect(rest).toEqual({ file, errors: 1 });
    const of = (name: string) => settings.find(({ setting }) => setting === name);
    expect(of('storage.mysql.url')).toEqual({
      setting: 'storage.mysql.url',
      value: 'mysql://u:***@db:1/r?***',
      source: { kind: 'environment', name: 'RISKFLOW_MYSQL_URL' },
    });
    expect(of('storage.mysql.connections')).toMatchObject({ value: '4', source: { kind: 'file', file, line: 3 } });
    expect(of('storage.mysql.passwordEnv')).toMatchObject({ value: 'DB_PW' });
    expect(of('prices.gpt.inputPerMillion')).toMatchObject({ value: '1.5', source: { kind: 'file', line: 5 } });
    expect(of('temporal.address')).toMatchObject({ value: 't:1', source: { kind: 'environment', name: 'RISKFLOW_TEMPORAL_ADDRESS' } });
    expect(of('RISKFLOW_TEMPORAL_API_KEY')).toMatchObject({ value: 'set', source: { name: 'RISKFLOW_TEMPORAL_API_KEY_FILE' } });
    expect(of('OPENAI_API_KEY')).toMatchObject({ value: 'set' });
    expect(of('RISKFLOW_SECRET_API')).toMatchObject({ value: 'set' });
    expect(of('modelConcurrency')).toEqual({ setting: 'modelConcurrency', value: '16', source: { kind: 'default' } });
    expect(JSON.stringify(settings)).not.toMatch(/hunter/);
  });
});

describe('sinks', () => {
  const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
  const config = [
    'sinks:',
    '  hooks: { kind: webhook, url: https://example.com/x, secretEnv: RISKFLOW_HOOK, events: [decision, alert] }',
    '  topic: { kind: kafka, brokers: [a:9092, b:9092], topic: t, sasl: { mechanism: plain, username: u, passwordEnv: KAFKA_PW } }',
  ].join('\n');

  it('are shown with their lists, and the variables that they name are known and hidden', () => {
    const environment = { RISKFLOW_HOOK: SECRET, KAFKA_PW_FILE: '/nowhere' };
    const { errors, warnings } = check(config, environment);
    expect(warnings).toEqual([]);
    expect(brief(errors)).toEqual([expect.stringContaining('KAFKA_PW_FILE: the file /nowhere') as string]);
    const shown = new Map(showConfiguration({ environment, folder }).settings.map(({ setting, value }) => [setting, value]));
    expect(shown.get('sinks.hooks.events')).toBe('decision, alert');
    expect(shown.get('sinks.topic.brokers')).toBe('a:9092, b:9092');
    expect(shown.get('sinks.hooks.secretEnv')).toBe('RISKFLOW_HOOK');
    expect(JSON.stringify([...shown])).not.toContain(SECRET);
    expect(secretValues(environment, folder)).toContain(SECRET);
  });

  it('that are wrong are told with their places, and a secret in place of a name is not repeated', () => {
    const { errors } = check(
      [
        'sinks:',
        '  one: { kind: webhok, url: https://example.com }',
        `  two: { kind: webhook, url: 'https://u:p@example.com', secretEnv: ${SECRET}, parts: 100 }`,
        '  three: { kind: kafka, brokers: [a], topic: t, format: { kind: avro } }',
      ].join('\n'),
    );
    expect(errors.map(({ line, setting }) => [line, setting])).toEqual([
      [2, 'sinks.one.kind'],
      [3, 'sinks.two.url'],
      [3, 'sinks.two.secretEnv'],
      [3, 'sinks.two.parts'],
      [4, 'sinks.three.brokers.0'],
      [4, 'sinks.three.format.registry'],
    ]);
    expect(JSON.stringify(errors)).not.toContain(SECRET);
  });
});
