import { RiskflowError, type Config } from '../schemas/index.ts';
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
    };

type Surroundings = {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly config: Config;
  readonly dataFolder: string;
  readonly workingFolder: string;
};

/**
 * RISKFLOW_MYSQL_URL, else `storage.mysql` of the configuration, else the data folder; with RISKFLOW_STORAGE=sqlite the data folder whatever
 * the others say. @throws RiskflowError `usage` or `missing_key`
 */
export function storagePlace({ environment, config, dataFolder, workingFolder }: Surroundings): StoragePlace {
  const wanted = environment['RISKFLOW_STORAGE'] ?? '';
  if (wanted === 'sqlite') return { kind: 'sqlite', folder: dataFolder };
  if (wanted !== '') throw new RiskflowError('usage', `RISKFLOW_STORAGE is "${wanted}", and can only be sqlite or left out`);
  const given = environment['RISKFLOW_MYSQL_URL']?.trim() ?? '';
  const mysql = config.storage?.mysql;
  const tls = readTls(mysql?.tls, { setting: 'storage.mysql.tls', folder: workingFolder });
  const connections = mysql?.connections;
  if (given !== '') {
    const url = mysqlUrl(given);
    return { kind: 'mysql', url: url.href, password: decodeURIComponent(url.password), tls, connections };
  }
  if (mysql === undefined) return { kind: 'sqlite', folder: dataFolder };
  const password = passwordOf(mysql.passwordEnv, environment);
  const url = new URL(mysql.url);
  url.password = encodeURIComponent(password);
  return { kind: 'mysql', url: url.href, password, tls, connections };
}

function mysqlUrl(text: string): URL {
  const url = URL.parse(text);
  if (url?.protocol === 'mysql:' && url.hostname !== '' && url.pathname.length > 1) return url;
  // The text is not repeated: it may hold a password.
  throw new RiskflowError('usage', 'RISKFLOW_MYSQL_URL does not have the form of a MySQL address', {
    hint: 'it looks like mysql://user:password@127.0.0.1:3306/riskflow',
  });
}

function passwordOf(variable: string | undefined, environment: Surroundings['environment']): string {
  if (variable === undefined) return '';
  const password = environment[variable];
  if (password !== undefined && password !== '') return password;
  throw new RiskflowError(
    'missing_key',
    `there is no password for MySQL: the configuration says that ${variable} holds it, which is not set`,
    {
      hint: `set the environment variable ${variable}`,
    },
  );
}
