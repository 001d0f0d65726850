import type { MysqlOptions } from '../storage/index.ts';
import type { StoragePlace } from './storage-place.ts';

/** How the storage is opened on the server of a place; what is not set is left to the storage. */
export function mysqlOptions(place: Extract<StoragePlace, { readonly kind: 'mysql' }>): MysqlOptions {
  const { url, tls, connections, retrySeconds } = place;
  return {
    url,
    ...(tls === undefined ? {} : { tls }),
    ...(connections === undefined ? {} : { connections }),
    ...(retrySeconds === undefined ? {} : { retrySeconds }),
  };
}
