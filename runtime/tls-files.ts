import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { messageOf, RiskflowError } from '../schemas/index.ts';
import { orThrow, type Attempt } from './configuration/attempt.ts';

/** Certificates and a key in PEM form. */
export type TlsTexts = {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** The name in the server's certificate, where the address has another. */
  readonly serverName?: string;
};

type TlsFiles = { readonly [Name in keyof TlsTexts]: string | undefined };
type TlsPlace = { readonly setting: string; readonly folder: string; readonly attempt?: Attempt };

/** Reads the files that a `tls:` section names. @throws RiskflowError `usage` that names the setting and the file */
export function readTls(section: TlsFiles | undefined, { setting, folder, attempt = orThrow }: TlsPlace): TlsTexts | undefined {
  if (section === undefined) return undefined;
  const { serverName, ...files } = section;
  attempt(setting, () => checkPair(files, setting));
  const texts = Object.entries(files).flatMap(([name, file]) => {
    if (file === undefined) return [];
    const place = `${setting}.${name}`;
    const text = attempt(place, () => readNamedFile(place, resolve(folder, file)));
    return text === undefined ? [] : [[name, text] as const];
  });
  return { ...Object.fromEntries(texts), ...(serverName === undefined ? {} : { serverName }) };
}

function checkPair({ cert, key }: TlsFiles, setting: string): void {
  if ((cert === undefined) === (key === undefined)) return;
  throw new RiskflowError('usage', `${setting} names ${cert === undefined ? 'a key without its cert' : 'a cert without its key'}`, {
    hint: 'name both for mTLS, or neither',
  });
}

/** The text of a file that a setting names. @throws RiskflowError `usage` */
export function readNamedFile(setting: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new RiskflowError('usage', `the file ${file} (${setting}) cannot be read: ${messageOf(cause)}`, { cause });
  }
}
