import { afterAll, beforeAll } from 'vitest';
import type { Storage } from '../../schemas/core.ts';
import type { Backend, Place } from './backend.ts';

type Own = { readonly place: Place; readonly storage: Storage };

/** Gives the tests of a `describe` block a fresh storage of their own, and removes it after them. */
export function useStorage(backend: Backend, take: (own: Own) => unknown, options?: Parameters<Place['open']>[0]): void {
  let own: Own;
  beforeAll(async () => {
    const place = await backend.create();
    own = { place, storage: await place.open(options) };
    take(own);
  });
  afterAll(async () => {
    await own.storage.close();
    await own.place.remove();
  });
}
