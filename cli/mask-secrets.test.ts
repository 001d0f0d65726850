import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { maskSecrets } from './mask-secrets.ts';

const folder = mkdtempSync(join(tmpdir(), 'riskflow-mask-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
writeFileSync(
  join(folder, 'named.yml'),
  'storage: { mysql: { url: "mysql://db/r", passwordEnv: DB_PW } }\nmodels:\n  acme: { baseUrl: "http://a/v1", "apiKeyEnv": "ACME" }\ntemporal:\n  apiKeyFile: key.txt # a file\n broken: [\n',
);
writeFileSync(
  join(folder, 'wrong.yml'),
  'models:\n  acme: { baseUrl: "https://me:hunter22@a/v1", apiKeyEnv: sk-hunter23abcdef }\ntemporal: { address: me:hunter24@t:1 }\n',
);
writeFileSync(join(folder, 'key.txt'), 'temporal-cloud-key\n');

const KEY = 'q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=';

describe('maskSecrets', () => {
  it.each<readonly [string, Readonly<Record<string, string | undefined>>, string, string]>([
    ['a secret of a flow', { RISKFLOW_SECRET_A: 'hunter22' }, 'x hunter22', 'x ***'],
    ['the key of any provider', { DEEPSEEK_API_KEY: 'sk-abcdef' }, 'x sk-abcdef', 'x ***'],
    ['a word in place of a key', { OPENAI_API_KEY: 'none' }, 'there is none', 'there is none'],
    ['a secret of several lines, brought into one', { RISKFLOW_SECRET_A: 'line one\nline two\n' }, 'x line one line two y', 'x *** y'],
    ['another variable', { HOME: 'hunter22' }, 'x hunter22', 'x hunter22'],
    ['an unset variable', { OPENAI_API_KEY: undefined, RISKFLOW_SECRET_A: '' }, 'x', 'x'],
    [
      'the password in an address, as it stands there',
      { RISKFLOW_MYSQL_URL: 'mysql://u:p%40ss1@db/r' },
      'no p%40ss1 at db',
      'no *** at db',
    ],
    ['the password in an address, decoded', { RISKFLOW_MYSQL_URL: 'mysql://u:p%40ss1@db/r' }, "denied 'p@ss1'", "denied '***'"],
    ['a password with an @ that was not encoded', { RISKFLOW_MYSQL_URL: 'mysql://u:p@ss1@db/r' }, 'x p@ss1', 'x ***'],
    ['a password with a percent sign of its own', { RISKFLOW_MYSQL_URL: 'mysql://u:100%sure@db/r' }, 'x 100%sure', 'x ***'],
    ['an address without a password', { RISKFLOW_MYSQL_URL: 'mysql://user@db/r' }, 'user at db', 'user at db'],
    ['a password of its own', { RISKFLOW_MYSQL_PASSWORD: 'hunter22' }, 'x hunter22', 'x ***'],
    ['all keys of Temporal', { RISKFLOW_TEMPORAL_KEYS: `a:${KEY},b:${KEY}` }, `x a:${KEY},b:${KEY}`, 'x ***'],
    ['one key of Temporal', { RISKFLOW_TEMPORAL_KEYS: `main:${KEY}` }, `key main ${KEY}`, 'key main ***'],
    ['a token that is to come', { RISKFLOW_HOOK_TOKEN: 'hunter22' }, 'x hunter22', 'x ***'],
    ['the variable that the configuration names', { RISKFLOW_CONFIG: 'named.yml', DB_PW: 'hunter22' }, 'x hunter22', 'x ***'],
    ['another that it names, in quotes', { RISKFLOW_CONFIG: 'named.yml', ACME: 'hunter22' }, 'x hunter22', 'x ***'],
    ['a key in place of its variable', { RISKFLOW_CONFIG: 'wrong.yml' }, 'set sk-hunter23abcdef', 'set ***'],
    ['a password in an address of the file', { RISKFLOW_CONFIG: 'wrong.yml' }, 'https://me:hunter22@a', 'https://me:***@a'],
    ['a password in an address without scheme', { RISKFLOW_CONFIG: 'wrong.yml' }, 'is "me:hunter24@t:1"', 'is "me:***@t:1"'],
    ['a password in a variable for an address', { RISKFLOW_TEMPORAL_ADDRESS: 'http://u:hunter22@t:1' }, 'u:hunter22@t', 'u:***@t'],
    ['a key in any variable of ours', { RISKFLOW_STORAGE: 'sk-hunter22abcdef' }, 'is "sk-hunter22abcdef"', 'is "***"'],
    ['a file that it names', { RISKFLOW_CONFIG: 'named.yml' }, 'x temporal-cloud-key', 'x ***'],
    ['a file that a variable names', { RISKFLOW_MYSQL_PASSWORD_FILE: 'key.txt' }, 'x temporal-cloud-key', 'x ***'],
    ['a file that is not there', { RISKFLOW_MYSQL_PASSWORD_FILE: 'none.txt' }, 'x', 'x'],
  ])('%s', (_, env, text, expected) => expect(maskSecrets(text, { env, folder })).toBe(expected));
});
