import { RiskflowError } from '../../schemas/core.ts';
import type { KeeperOptions } from '../../runtime/index.ts';

export type HttpPlace = NonNullable<KeeperOptions['http']>;

/** HOST:PORT of `--http`, or of another option. */
export function hostAndPort(text: string, name = '--http'): HttpPlace {
  const [, bracketed, plain, digits = ''] = /^(?:\[([\da-f:.]+)\]|([\w.-]+)):(\d{1,5})$/i.exec(text) ?? [];
  const host = bracketed ?? plain;
  if (host !== undefined && Number(digits) <= 65_535) return { host, port: Number(digits) };
  throw new RiskflowError('usage', `${name} must be HOST:PORT, not "${text}"`, {
    hint: 'such as 127.0.0.1:9464; port 0 takes one that is free',
  });
}
