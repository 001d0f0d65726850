import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { messageOf, RiskflowError } from '../schemas/index.ts';

/** Certificates and a key in PEM form. */
export type TlsTexts = { readonly ca?: string; readonly cert?: string; readonly key?: string };

type TlsFiles = { readonly [Name in keyof TlsTexts]: string | undefined };

/** Reads the files that a `tls:` section names. @throws RiskflowError `usage` that names the setting and the file */
export function readTls(files: TlsFiles | undefined, place: { readonly setting: string; readonly folder: string }): TlsTexts | undefined {
  if (files === undefined) return undefined;
  if ((files.cert === undefined) !== (files.key === undefined)) {
    throw new RiskflowError(
      'usage',
      `${place.setting} names ${files.cert === undefined ? 'a key without its cert' : 'a cert without its key'}`,
    );
  }
  const given = Object.entries(files).filter(([, file]) => file !== undefined);
  return Object.fromEntries(given.map(([name, file = '']) => [name, readPem(`${place.setting}.${name}`, resolve(place.folder, file))]));
}

function readPem(setting: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new RiskflowError('usage', `the file ${file} (${setting}) cannot be read: ${messageOf(cause)}`, { cause });
  }
}
