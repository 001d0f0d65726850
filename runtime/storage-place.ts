import { resolve } from 'node:path';
import { RiskflowError, type Config } from '../schemas/index.ts';
import { orThrow, valueOf, type Attempt, type Environment } from './configuration/attempt.ts';
import { readSecretFile } from './configuration/secret-files.ts';
import { decoded } from './configuration/secret-values.ts';
import { refuseSamplePassword } from './sample-passwords.ts';
import { readTls, type TlsTexts } from './tls-files.ts';

/** Where events and all else are kept. */
export type StoragePlace =
  | { readonly kind: 'sqlite'; readonly folder: string }
  | {
      readonly kind: 'mysql';
      /** With the password: never to be shown. */
      readonly url: string;
      readonly password: string;
      /** Undefined for a connection without TLS. */
      readonly tls: TlsTexts | undefined;
      readonly connections: number | undefined;
      /** Seconds for which an outage is waited out. */
      readonly retrySeconds: number | undefined;
    };

type Surroundings = {
  /** With the secrets that lie in files. */
  readonly environment: Environment;
  readonly config: Config;
  readonly dataFolder: string;
  readonly workingFolder: string;
  readonly attempt?: Attempt;
};

const URL_VARIABLE = 'RISKFLOW_MYSQL_URL';
const PASSWORD_VARIABLE = 'RISKFLOW_MYSQL_PASSWORD';

/**
 * RISKFLOW_MYSQL_URL, else `storage.mysql` of the configuration, else the data folder; with RISKFLOW_STORAGE=sqlite the data folder whatever
 * the others say. An address without a password takes that of RISKFLOW_MYSQL_PASSWORD. @throws RiskflowError `usage` or `missing_key`
 */
export function storagePlace(surroundings: Surroundings): StoragePlace {
  const { environment, config, dataFolder, workingFolder, attempt = orThrow } = surroundings;
  const wanted = attempt('RISKFLOW_STORAGE', () => wantedStorage(environment));
  const given = valueOf(environment, URL_VARIABLE);
  const mysql = config.storage?.mysql;
  if (wanted === 'sqlite' || (given === undefined && mysql === undefined)) return { kind: 'sqlite', folder: dataFolder };
  const tls = readTls(mysql?.tls, { setting: 'storage.mysql.tls', folder: workingFolder, attempt });
  const url = attempt(URL_VARIABLE, () => new URL(given === undefined ? (mysql?.url ?? '') : mysqlUrl(given)));
  const own = decoded(url?.password ?? '');
  const password = own === '' ? passwordOf(surroundings, given === undefined) : own;
  attempt(own === '' ? PASSWORD_VARIABLE : URL_VARIABLE, () => refuseSamplePassword(password, 'MySQL'));
  if (own === '' && url !== undefined) url.password = encodeURIComponent(password);
  return { kind: 'mysql', url: url?.href ?? '', password, tls, connections: mysql?.connections, retrySeconds: mysql?.retrySeconds };
}

function wantedStorage(environment: Environment): 'sqlite' | undefined {
  const wanted = environment['RISKFLOW_STORAGE'] ?? '';
  if (wanted === 'sqlite') return 'sqlite';
  if (wanted === '') return undefined;
  throw new RiskflowError('usage', `RISKFLOW_STORAGE is "${wanted}", and can only be sqlite or left out`);
}

function mysqlUrl(text: string): string {
  const url = URL.parse(text);
  if (url?.protocol === 'mysql:' && url.hostname !== '' && url.pathname.length > 1) return url.href;
  // The text is not repeated: it may hold a password.
  throw new RiskflowError('usage', `${URL_VARIABLE} does not have the form of a MySQL address`, {
    hint: 'it looks like mysql://user:password@127.0.0.1:3306/riskflow',
  });
}

/** The password that an address lacks. What the file says is for the address in the file. */
function passwordOf({ environment, config, workingFolder, attempt = orThrow }: Surroundings, fromFile: boolean): string {
  const { passwordEnv, passwordFile } = (fromFile ? config.storage?.mysql : undefined) ?? {};
  const standard = environment[PASSWORD_VARIABLE];
  if (passwordEnv !== undefined && passwordFile !== undefined) {
    attempt('storage.mysql.passwordFile', () => {
      throw new RiskflowError('usage', 'storage.mysql names both passwordEnv and passwordFile', { hint: 'leave one of them out' });
    });
    return '';
  }
  if (passwordFile !== undefined) {
    const setting = 'storage.mysql.passwordFile';
    return attempt(setting, () => readSecretFile(setting, resolve(workingFolder, passwordFile))) ?? '';
  }
  if (passwordEnv === undefined) return standard ?? '';
  return attempt('storage.mysql.passwordEnv', () => variableOf(passwordEnv, environment)) ?? '';
}

function variableOf(variable: string, environment: Environment): string {
  const password = environment[variable];
  if (password !== undefined && password !== '') return password;
  throw new RiskflowError(
    'missing_key',
    `there is no password for MySQL: the configuration says that ${variable} holds it, which is not set`,
    {
      hint: `set the environment variable ${variable}, or ${variable}_FILE to a file that holds it`,
    },
  );
}
