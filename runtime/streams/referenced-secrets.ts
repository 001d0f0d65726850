import { resolve } from 'node:path';
import { RiskflowError } from '../../schemas/index.ts';
import { valueOf, type Environment } from '../configuration/attempt.ts';
import { readSecretFile } from '../configuration/secret-files.ts';
import { readTls, type TlsTexts } from '../tls-files.ts';

/** Where references are looked up. Paths of files that are no absolute ones are of `folder`. */
export type SecretPlace = { readonly environment: Environment; readonly folder: string };

type Reference = { readonly passwordEnv?: string | undefined; readonly passwordFile?: string | undefined };
type TlsSection = {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly serverName?: string | undefined;
};

/** The password that settings name; undefined where they name none. @throws RiskflowError `missing_key` or `usage` that names the setting */
export function referencedPassword(place: SecretPlace, setting: string, { passwordEnv, passwordFile }: Reference): string | undefined {
  if (passwordFile !== undefined) return readSecretFile(`${setting}.passwordFile`, resolve(place.folder, passwordFile));
  if (passwordEnv === undefined) return undefined;
  return referencedVariable(place.environment, `${setting}.passwordEnv`, passwordEnv);
}

export function referencedVariable(environment: Environment, setting: string, variable: string): string {
  const value = valueOf(environment, variable);
  if (value !== undefined) return value;
  throw new RiskflowError('missing_key', `the variable ${variable} is not set, which ${setting} names`, {
    hint: `set ${variable}, or ${variable}_FILE to a file that holds it`,
  });
}

/** What the PEM files of a `tls:` section hold; undefined without one. @throws RiskflowError `usage` that names the setting and the file */
export function referencedTls({ folder }: SecretPlace, setting: string, section: true | TlsSection | undefined): TlsTexts | undefined {
  if (section === undefined || section === true) return undefined;
  const { ca, cert, key, serverName } = section;
  return readTls({ ca, cert, key, serverName }, { setting: `${setting}.tls`, folder });
}
