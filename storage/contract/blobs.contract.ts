import { describe, expect, it } from 'vitest';
import type { Storage } from '../../schemas/core.ts';
import { INLINE_BYTES } from '../operations/prepare-unit.ts';
import type { Backend, Place } from './backend.ts';
import { append, blobOf, freshWorkspace, unit } from './fixtures.ts';
import { useStorage } from './use-storage.contract.ts';

export function blobsContract(backend: Backend): void {
  describe('blobs', () => {
    let place: Place;
    let storage: Storage;
    useStorage(backend, (own) => ({ place, storage } = own));

    const references = (ws: string): Promise<readonly Readonly<Record<string, unknown>>[]> =>
      place.query('select sha256, referrer from blob_refs where workspace_id = ? order by sha256, referrer', [ws]);

    it('are read back byte by byte, one or many', async () => {
      const ws = freshWorkspace();
      const every = { ...blobOf('', 'r'), bytes: Uint8Array.from({ length: 256 }, (_, i) => i) };
      const blobs = [
        blobOf('one', 'a'),
        blobOf('two 你好', 'a'),
        blobOf('', 'a'),
        { ...every, sha256: '40aff2e9d2d8922e47afd4648e6967497158785fbd1da870e7110266bf944880' },
      ];
      await storage.events.write(unit(ws, { blobs }));
      for (const { sha256, bytes } of blobs) expect(await storage.blobs.read(ws, sha256)).toEqual(new Uint8Array(bytes));
      const missing = '0'.repeat(64);
      expect(await storage.blobs.read(ws, missing)).toBeUndefined();
      const many = await storage.blobs.readMany(ws, [...blobs.map(({ sha256 }) => sha256), missing]);
      expect(many.size).toBe(4);
      expect(many.get(blobs[1]?.sha256 ?? '')).toEqual(blobs[1]?.bytes);
      expect((await storage.blobs.readMany(ws, [])).size).toBe(0);
    });

    it('are kept once, with everyone who refers to them', async () => {
      const ws = freshWorkspace();
      const [a, b] = [blobOf('same', 'samples/a'), blobOf('same', 'samples/b')];
      await Promise.all([storage.events.write(unit(ws, { blobs: [a, b] })), storage.events.write(unit(ws, { blobs: [a] }))]);
      await storage.events.write(unit(ws, { blobs: [b] }));
      expect(await references(ws)).toEqual([
        { sha256: a.sha256, referrer: 'samples/a' },
        { sha256: a.sha256, referrer: 'samples/b' },
      ]);
    });

    it('go with the last of those who refer to them, unless they are new', async () => {
      const ws = freshWorkspace();
      const [old, shared] = [blobOf('old', 'temporal/1/a'), blobOf('shared', 'temporal/1/a')];
      const others = [{ ...shared, referrer: 'temporal/1/b' }, { ...shared, referrer: 'samples/a' }, blobOf('other', 'temporal0/a')];
      await storage.events.write(unit(ws, { blobs: [old, shared, ...others] }));
      const below = (options: { readonly after?: string; readonly limit: number }) => storage.blobs.referrers(ws, 'temporal/', options);
      expect(await below({ limit: 10 })).toEqual(['temporal/1/a', 'temporal/1/b']);
      expect(await below({ limit: 1 })).toEqual(['temporal/1/a']);
      expect(await below({ after: 'temporal/1/a', limit: 10 })).toEqual(['temporal/1/b']);
      const storedBefore = Date.now() + 3_600_000;
      expect(await storage.blobs.forget(freshWorkspace(), 'temporal/1/a', { storedBefore })).toBe(0);
      expect(await storage.blobs.forget(ws, 'temporal/1/a', { storedBefore })).toBe(1);
      expect(await storage.blobs.read(ws, old.sha256)).toBeUndefined();
      expect(await storage.blobs.forget(ws, 'temporal/1/b', { storedBefore })).toBe(0);
      expect(await storage.blobs.forget(ws, 'samples/a', { storedBefore: 0 })).toBe(0);
      expect(await storage.blobs.read(ws, shared.sha256)).toEqual(new Uint8Array(shared.bytes));
      expect((await references(ws)).map(({ referrer }) => referrer)).toEqual(['temporal0/a']);
    });

    it('in thousands are one unit', async () => {
      const ws = freshWorkspace();
      const blobs = Array.from({ length: 3000 }, (_, i) => blobOf(`sample ${i}`, 'samples/a'));
      await storage.events.write(unit(ws, { blobs, appends: [append('samples/a', [blobs.map(({ sha256 }) => sha256)])] }));
      expect(
        (
          await storage.blobs.readMany(
            ws,
            blobs.map(({ sha256 }) => sha256),
          )
        ).size,
      ).toBe(3000);
      expect((await storage.events.readStream(ws, 'samples/a'))[0]?.data).toEqual(blobs.map(({ sha256 }) => sha256));
    });

    it('hold the large payloads of events, unseen by readers, and deleting one erases the payload', async () => {
      const ws = freshWorkspace();
      const small = { text: 'x'.repeat(INLINE_BYTES - 12) };
      const large = { text: '你'.repeat(6000) };
      await storage.events.write(unit(ws, { appends: [append('a', [small, large, small])] }));
      expect((await storage.events.readStream(ws, 'a')).map(({ data }) => data)).toEqual([small, large, small]);
      expect((await storage.events.readLog(ws, 'ledger')).map(({ data }) => data)).toEqual([small, large, small]);
      const refs = await references(ws);
      expect(refs).toEqual([{ sha256: blobOf(JSON.stringify(large), '').sha256, referrer: 'stream/a' }]);
      const stored = await place.query('select data, data_blob from events where workspace_id = ? and version = 2', [ws]);
      expect(stored).toEqual([{ data: null, data_blob: refs[0]?.['sha256'] }]);
      await place.query('delete from blobs where workspace_id = ?', [ws]);
      expect((await storage.events.readStream(ws, 'a')).map(({ data }) => data)).toEqual([small, null, small]);
    });

    it('beyond the size of a statement are written one by one', async () => {
      const ws = freshWorkspace();
      const blobs = ['a', 'b', 'c'].map((letter) => blobOf(letter.repeat(5_000_000), 'r'));
      await storage.events.write(unit(ws, { blobs }));
      for (const { sha256, bytes } of blobs) expect((await storage.blobs.read(ws, sha256))?.byteLength).toBe(bytes.byteLength);
    });
  });
}
