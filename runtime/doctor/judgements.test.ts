import { describe, expect, it } from 'vitest';
import { judgeFolder, type FolderFacts } from './data-folder.ts';
import { judgeMachine } from './machine.ts';
import { judgeEndpoint, type ListAnswer } from './models.ts';
import { judgeNode } from './node.ts';
import { judgePackages, judgePython, judgeSandbox } from './sandbox.ts';
import { judgeFile } from './sqlite-file.ts';
import { isThisMachine } from './this-machine.ts';
import { isAtLeast, versionNumbers } from './version-number.ts';
import { within, type Answer } from './within.ts';

const GIB = 1024 ** 3;
const wrong = (judgements: readonly { readonly check: string; readonly status: string }[]): readonly string[] =>
  judgements.filter(({ status }) => status !== 'ok').map(({ check, status }) => `${check} ${status}`);

describe('Node', () => {
  it.each([
    ['24.21.0', 'ok'],
    ['25.0.0', 'ok'],
    ['22.13.1', 'problem'],
  ])('%s is %s', (version, status) => expect(judgeNode(version).status).toBe(status));
});

describe('the data folder', () => {
  const good: FolderFacts = { folder: '/d', nearest: '/d', refusal: undefined, freeBytes: 50 * GIB, fileSystem: 0xef53, fileMode: 0o600 };
  it.each<readonly [string, Partial<FolderFacts>, readonly string[]]>([
    ['is fine', {}, []],
    ['is not there yet', { nearest: '/', fileMode: undefined }, []],
    ['is closed', { refusal: 'EACCES' }, ['writable problem']],
    ['is nearly full', { freeBytes: 0.5 * GIB }, ['space warning']],
    ['is full', { freeBytes: 1000 }, ['space problem']],
    ['is on NFS', { fileSystem: 0x6969 }, ['file system warning']],
    ['is on CIFS, whose number is negative', { fileSystem: 0xff534d42 | 0 }, ['file system warning']],
    ['can be read by others', { fileMode: 0o644 }, ['permissions warning']],
    ['can be written by others', { fileMode: 0o666 }, ['permissions problem']],
  ])('%s', (_, facts, expected) => expect(wrong(judgeFolder({ ...good, ...facts }, true))).toEqual(expected));

  it('may be anywhere when the events lie in MySQL', () => expect(wrong(judgeFolder({ ...good, fileSystem: 0x6969 }, false))).toEqual([]));
});

describe('the data file', () => {
  const place = { file: 'f', released: 2 };
  const facts = { schemaLevel: 2, foreign: false, complaints: [] };
  it.each<readonly [string, Parameters<typeof judgeFile>[0], readonly string[]]>([
    ['is whole', { facts }, []],
    ['is of an older release', { facts: { ...facts, schemaLevel: 1 } }, ['tables warning']],
    ['is damaged', { facts: { ...facts, complaints: ['Page 3: never used'] } }, ['data file problem']],
    ['is of something else', { facts: { ...facts, foreign: true } }, ['data file problem']],
    ['cannot be read', { trouble: 'file is not a database' }, ['data file problem']],
    ['takes too long', 'late', ['data file warning']],
  ])('%s', (_, gathered, expected) => expect(wrong(judgeFile(gathered, place))).toEqual(expected));
});

describe('the machine', () => {
  const good = { memoryBytes: 16 * GIB, freeBytes: 4 * GIB, openFiles: 4096 };
  it.each([
    ['a laptop', good, true, []],
    ['one without limits of files', { ...good, openFiles: undefined }, true, []],
    ['a small container', { ...good, memoryBytes: 1.5 * GIB }, false, []],
    ['a small container with a worker', { ...good, memoryBytes: 1.5 * GIB }, true, ['memory warning']],
    ['one that is full', { ...good, freeBytes: 0.1 * GIB }, false, ['memory warning']],
    ['few files', { ...good, openFiles: 256 }, false, ['open files warning']],
  ])('%s', (_, facts, onTemporal, expected) => expect(wrong(judgeMachine(facts, onTemporal))).toEqual(expected));
});

describe('an endpoint of models', () => {
  const endpoint = {
    name: 'acme',
    baseUrl: 'https://user:hunter22@api.acme.com/v1?key=hunter22',
    apiKey: 'sk-1',
    keySetting: 'ACME_API_KEY',
  };
  const fetchFailed = new TypeError('fetch failed', { cause: Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }) });
  it.each<readonly [string, Answer<ListAnswer>, string | undefined, string, RegExp]>([
    ['lists its models', { value: { status: 200, models: 3 } }, 'sk-1', 'ok', /has 3 models$/],
    ['answers with something else', { value: { status: 200, models: undefined } }, undefined, 'ok', /answers$/],
    ['has no list', { value: { status: 404, models: undefined } }, undefined, 'ok', /does not list/],
    ['refuses the key', { value: { status: 401, models: undefined } }, 'sk-1', 'problem', /refuses the key/],
    ['wants a key', { value: { status: 403, models: undefined } }, undefined, 'problem', /wants a key/],
    ['is in trouble', { value: { status: 503, models: undefined } }, 'sk-1', 'warning', /HTTP 503/],
    ['is elsewhere', { value: { status: 302, models: undefined } }, 'sk-1', 'warning', /HTTP 302/],
    ['is not there', { error: fetchFailed }, 'sk-1', 'problem', /cannot be reached: connect ECONNREFUSED$/],
    ['is slow', 'late', 'sk-1', 'problem', /in time/],
  ])('%s', (_, answer, apiKey, status, detail) => {
    const judgement = judgeEndpoint(answer, { ...endpoint, apiKey });
    expect(judgement).toMatchObject({ check: 'acme', status, detail: expect.stringMatching(detail) as string });
    expect(judgement.detail).toMatch(/^https:\/\/api\.acme\.com\/v1 /);
    expect(JSON.stringify(judgement)).not.toContain('hunter22');
  });
});

describe('the sandbox', () => {
  it.each<readonly [string, Parameters<typeof judgeSandbox>[0], string]>([
    ['does not answer', 'late', 'problem'],
    ['does not start', { error: new Error('no wasm') }, 'problem'],
  ])('%s', (_, answer, status) => expect(judgeSandbox(answer).status).toBe(status));

  const fine = { value: { ok: true as const, json: '{"n": 2}', elapsedMs: 1 } };
  const interpreter = {
    command: 'python3',
    path: '/p',
    version: '3.11.7',
    tag: 't',
    standardLibrary: '/l',
    libraryFolder: 'lib',
    sharedLibrary: null,
    standardModules: [],
  };
  const set = { hash: 'abcdef0123456789', folder: '/f', tag: 't', imports: ['numpy'], packages: [{ name: 'numpy', version: '2.4.6' }] };
  const strong = { kind: 'bubblewrap' as const, bubblewrap: '/usr/bin/bwrap', interpreter, packages: '/f', set };
  const small = { kind: 'pyodide' as const, version: '314.0.7', folder: '/p', bubblewrap: null };
  const obstacle = { why: 'bubblewrap is not installed', remedy: 'install it: apt install bubblewrap' };

  it.each<readonly [string, Parameters<typeof judgePython>, string, RegExp, RegExp | null]>([
    [
      'strong, with packages',
      [{ setting: 'auto', backend: strong, obstacle: null }, fine],
      'ok',
      /CPython 3\.11\.7 in bubblewrap.* 1 installed packages/,
      null,
    ],
    [
      'small, because the strong one is not there',
      [{ setting: 'auto', backend: small, obstacle }, fine],
      'ok',
      /Pyodide 314\.0\.7 .*: bubblewrap is not installed/,
      /apt install bubblewrap/,
    ],
    ['small, as wished', [{ setting: 'pyodide', backend: small, obstacle: null }, fine], 'ok', /\(code\.python: pyodide\)/, null],
    [
      'refused',
      [{ setting: 'bubblewrap', backend: { kind: 'none', why: 'Python cannot run: …' }, obstacle }, undefined],
      'problem',
      /Python cannot run/,
      /apt install/,
    ],
    ['off', [{ setting: 'off', backend: { kind: 'none', why: '' }, obstacle: null }, undefined], 'ok', /switched off/, null],
    ['late', [{ setting: 'auto', backend: small, obstacle: null }, 'late'], 'problem', /did not answer/, /--timeout/],
  ])('Python: %s', (_, [choice, answer], status, detail, remedy) => {
    const judgement = judgePython(choice, answer);
    expect(judgement).toMatchObject({ status, detail: expect.stringMatching(detail) as string });
    expect(judgement.remedy).toEqual(remedy === null ? null : expect.stringMatching(remedy));
  });

  it('names the packages', () => {
    expect(judgePackages({ setting: 'auto', backend: strong, obstacle: null }).map(({ detail }) => detail)).toEqual([
      'numpy 2.4.6 (set abcdef012345)',
    ]);
    expect(judgePackages({ setting: 'auto', backend: small, obstacle: null })).toEqual([]);
  });
});

describe('small parts', () => {
  it('knows this machine by its names', () => {
    expect(['localhost', '127.0.0.1', '127.9.9.9', '[::1]', 'db.localhost'].every(isThisMachine)).toBe(true);
    expect(['db', '10.0.0.1', 'localhost.example.com', '128.0.0.1'].some(isThisMachine)).toBe(false);
  });

  it.each([
    ['8.4.0', [8, 4], true],
    ['8.3.9', [8, 4], false],
    ['9.0', [8, 4], true],
    ['10.11.19-MariaDB', [10, 11], true],
    ['v1.29.1-rc', [1, 29, 1], true],
    ['1', [1, 1], false],
  ])('%s is at least %j: %s', (version, wanted, expected) => {
    expect(isAtLeast(versionNumbers(version) ?? [], wanted)).toBe(expected);
  });

  it('waits no longer than it should, and hands on what it is told', async () => {
    const failure = new Error('no');
    expect(await within(1000, Promise.resolve(1))).toEqual({ value: 1 });
    expect(await within(1000, Promise.reject(failure))).toEqual({ error: failure });
    expect(await within(1, new Promise(() => undefined))).toBe('late');
  });
});
