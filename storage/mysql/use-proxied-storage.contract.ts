import { afterEach, beforeEach } from 'vitest';
import type { Storage } from '../../schemas/core.ts';
import type { Database } from '../database.ts';
import type { Place } from '../contract/backend.ts';
import { type Cut, type CuttingProxy, cuttingProxy } from './cutting-proxy.ts';
import { type MysqlOptions, openMysqlDatabase, openMysqlStorage } from './open.ts';
import { mysqlPlace } from './test-place.ts';

type Decide = (packet: Buffer) => Cut;

export const isCommit = (packet: Buffer): boolean => packet.subarray(-6).toString('latin1') === 'commit';

/** Cuts at the first packet that meets a condition, and never again. */
export const onceWhere = (isMet: (packet: Buffer) => boolean, cut: Cut): Decide => {
  let isDone = false;
  return (packet) => {
    if (isDone || !isMet(packet)) return 'not';
    isDone = true;
    return cut;
  };
};

/** A storage that is reached through a proxy, and the same one reached directly; for each test of a `describe` block a fresh one. */
export type ProxiedStorage = {
  readonly place: () => Place & { readonly url: string };
  readonly direct: () => Storage;
  readonly proxy: () => CuttingProxy;
  /** Opens it undisturbed; from then on `decide` is asked. */
  readonly open: (decide: Decide, options?: Partial<MysqlOptions>) => Promise<Storage>;
  /** The same for the database underneath. */
  readonly openDatabase: (decide: Decide, options?: Partial<MysqlOptions>) => Promise<Database>;
  /** Lets everything pass, or asks `decide` again. */
  readonly cutting: (isOn: boolean) => void;
};

export function useProxiedStorage(server: string | undefined): ProxiedStorage {
  let place: Place & { readonly url: string };
  let direct: Storage;
  let proxy: CuttingProxy | undefined;
  let opened: { readonly close: () => Promise<void> } | undefined;
  let cutting = false;
  beforeEach(async () => {
    place = await mysqlPlace(server);
    direct = await openMysqlStorage({ url: place.url });
  });
  afterEach(async () => {
    cutting = false;
    await opened?.close();
    await proxy?.close();
    await direct.close();
    await place.remove();
    opened = proxy = undefined;
  });
  const through = async <T extends { readonly close: () => Promise<void> }>(
    decide: Decide,
    options: Partial<MysqlOptions>,
    open: (options: MysqlOptions) => Promise<T>,
  ): Promise<T> => {
    proxy = await cuttingProxy(place.url, (packet) => (cutting ? decide(packet) : 'not'));
    const made = await open({ url: proxy.url, retrySeconds: 60, ...options });
    opened = made;
    cutting = true;
    return made;
  };
  return {
    place: () => place,
    direct: () => direct,
    proxy: () => {
      if (proxy === undefined) throw new Error('nothing was opened through a proxy');
      return proxy;
    },
    open: (decide, options = {}) => through(decide, options, openMysqlStorage),
    openDatabase: (decide, options = {}) => through(decide, options, openMysqlDatabase),
    cutting: (isOn) => (cutting = isOn),
  };
}
