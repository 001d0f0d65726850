import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PartitionName, SourceConnector } from '../schemas/index.ts';
import { createMemoryHost, createMemoryStore, type MemoryHost, type MemoryStore } from './memory/memory-host.ts';

/** A place to read from, with one partition that the tests write to. */
export type SourceRig = {
  readonly partition: PartitionName;
  /** A new connector each time. `follow` is false unless said. */
  connector(options?: { readonly follow?: boolean }): SourceConnector;
  /** Adds a record for each number, whose field `id` holds it, behind all others. */
  add(ids: readonly number[]): Promise<void>;
  /** Adds what cannot be read; left out where a source can hold no such thing. */
  readonly addBroken?: () => Promise<void>;
  close(): Promise<void>;
};

export type SourceContract = {
  readonly makeRig: () => Promise<SourceRig>;
  /** Records that make several chunks. */
  readonly many?: number;
  /** Whether `ends` can tell how far the partition reaches: always, once a connector has read it, or never. */
  readonly knowsEnd: 'always' | 'once-read' | 'never';
};

const numbers = (from: number, to: number): readonly number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** The ids that were stored, in order; for what could not be read its reason. */
const idsOf = (store: MemoryStore): readonly (number | string)[] =>
  store.records.map(({ record: { content } }) => (content.ok ? Number(content.fields.get('id')) : `broken: ${content.reason}`));

/** Records by their places: what is read twice has the same one. */
const placesOf = (store: MemoryStore): ReadonlySet<string> =>
  new Set(store.records.map(({ topic, partition, incarnation, record }) => JSON.stringify([topic, partition, incarnation, record.offset])));

/** What every connector does that can read again what it has read (standard input cannot). */
export function describeSourceConnector(name: string, { makeRig, many = 1300, knowsEnd }: SourceContract): void {
  describe(`${name} as a source connector`, () => {
    let rig: SourceRig;
    let store: MemoryStore;
    let connectors: SourceConnector[];
    beforeEach(async () => {
      rig = await makeRig();
      store = createMemoryStore();
      connectors = [];
    });
    afterEach(async () => {
      for (const connector of connectors) await connector.close();
      await rig.close();
    });
    const connect = (follow = false): SourceConnector => {
      const connector = rig.connector({ follow });
      connectors.push(connector);
      return connector;
    };
    const readAll = async (host: MemoryHost = createMemoryHost({ store })): Promise<MemoryHost> => {
      await connect().run(host);
      return host;
    };

    it('reads all in order, in chunks that join, and says what it does', async () => {
      await rig.add(numbers(1, many));
      const host = await readAll();
      expect(idsOf(store)).toEqual(numbers(1, many));
      expect(placesOf(store).size).toBe(many);
      expect(host.chunks.length).toBeGreaterThan(1);
      expect(host.chunks.every((chunk) => chunk.records.length <= 500)).toBe(true);
      expect(host.chunks.every((chunk) => chunk.topic === rig.partition.topic && chunk.partition === rig.partition.partition)).toBe(true);
      expect(host.place(rig.partition)?.offset).toBe(host.chunks.at(-1)?.next.offset);
      expect(host.reports.map((report) => report.state)).toEqual(['running', 'stopped']);
      expect(host.notices).toEqual([]);
    });

    it('begins at the stored place, and finds nothing new there', async () => {
      await rig.add(numbers(1, 3));
      await readAll();
      const again = await readAll();
      expect(again.chunks).toEqual([]);
      await rig.add(numbers(4, 5));
      await readAll();
      expect(idsOf(store)).toEqual(numbers(1, 5));
    });

    it('reads nothing where there is nothing', async () => {
      const host = await readAll();
      expect(host.store.records).toEqual([]);
      expect(host.reports.map((report) => report.state)).toEqual(['running', 'stopped']);
    });

    it('loses and repeats nothing when it is ended between two chunks and begins again', async () => {
      await rig.add(numbers(1, many));
      const first = createMemoryHost({ store, onDeliver: () => first.abort() });
      await connect().run(first);
      expect(first.chunks).toHaveLength(1);
      expect(first.late).toEqual([]);
      await readAll();
      expect(idsOf(store)).toEqual(numbers(1, many));
    });

    it('reads again what was handed over and not answered, at the same places', async () => {
      await rig.add(numbers(1, 20));
      const lost = createMemoryStore();
      await readAll(createMemoryHost({ store: lost }));
      await readAll();
      expect(idsOf(store)).toEqual(numbers(1, 20));
      expect(placesOf(store)).toEqual(placesOf(lost));
    });

    it('fails with what the host throws, once, and the next one goes on there', async () => {
      await rig.add(numbers(1, many));
      let calls = 0;
      const host = createMemoryHost({
        store,
        onDeliver: () => {
          if (++calls === 2) throw new Error('the database is gone');
        },
      });
      await expect(connect().run(host)).rejects.toThrow('the database is gone');
      expect(calls).toBe(2);
      expect(host.reports.at(-1)).toMatchObject({ state: 'failed', trace: 'the database is gone' });
      await readAll();
      expect(idsOf(store)).toEqual(numbers(1, many));
    });

    it('goes on where somebody else has read to', async () => {
      await rig.add(numbers(1, many));
      const other = createMemoryHost({ store });
      // Between reading and storing the first chunk, another reader stores everything.
      let interfered = false;
      const host = createMemoryHost({
        store,
        onDeliver: async () => {
          if (interfered) return;
          interfered = true;
          await connect().run(other);
          await rig.add(numbers(many + 1, many + 2));
        },
      });
      await readAll(host);
      if (host.store.records.length === many) await readAll();
      expect(idsOf(store)).toEqual(numbers(1, many + 2));
      expect(other.chunks.length).toBeGreaterThan(1);
    });

    it('goes back to where a person has set it while it reads', async () => {
      await rig.add(numbers(1, many));
      let delivered = 0;
      const host = createMemoryHost({
        store,
        onDeliver: () => {
          if (++delivered === 2) host.movePlace(rig.partition, { incarnation: 1, offset: 0, position: null });
        },
      });
      await readAll(host);
      const first = host.chunks[0]?.records.length ?? 0;
      expect(idsOf(store)).toEqual([...numbers(1, first), ...numbers(1, many)]);
      expect(placesOf(store).size).toBe(many);
    });

    it('begins again where the place was taken away', async () => {
      await rig.add(numbers(1, 5));
      await readAll();
      const host = createMemoryHost({ store });
      host.movePlace(rig.partition, null);
      await readAll(host);
      expect(idsOf(store)).toEqual([...numbers(1, 5), ...numbers(1, 5)]);
      expect(placesOf(store).size).toBe(5);
    });

    it('hands nothing over while there is no room', async () => {
      await rig.add(numbers(1, 10));
      const host = createMemoryHost({ store });
      host.setRoom(false);
      const running = connect().run(host);
      await host.until(() => host.reports.some((report) => report.state === 'running'));
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(host.chunks).toEqual([]);
      host.setRoom(true);
      await running;
      expect(idsOf(store)).toEqual(numbers(1, 10));
    });

    it('ends while it waits for room, and hands nothing over', async () => {
      await rig.add(numbers(1, 10));
      const host = createMemoryHost({ store });
      host.setRoom(false);
      const running = connect().run(host);
      await host.until(() => host.reports.length > 0);
      host.abort();
      await running;
      expect([host.chunks, host.late]).toEqual([[], []]);
      expect(host.reports.at(-1)?.state).toBe('stopped');
    });

    it('does nothing when it was ended before it began', async () => {
      await rig.add(numbers(1, 3));
      const host = createMemoryHost({ store });
      host.abort();
      await connect().run(host);
      expect([host.chunks, host.late]).toEqual([[], []]);
    });

    it('follows what is added later, until it is ended', async () => {
      await rig.add(numbers(1, 3));
      const host = createMemoryHost({ store });
      const running = connect(true).run(host);
      await host.until(() => store.records.length === 3);
      await rig.add(numbers(4, 6));
      await host.until(() => store.records.length === 6);
      host.abort();
      await running;
      await rig.add(numbers(7, 8));
      expect(idsOf(store)).toEqual(numbers(1, 6));
      expect(host.late).toEqual([]);
      await readAll();
      expect(idsOf(store)).toEqual(numbers(1, 8));
    });

    it('tells how far the partition reaches', async () => {
      await rig.add(numbers(1, 3));
      const reader = connect();
      const host = createMemoryHost({ store });
      const lag = async (): Promise<number | null | undefined> => {
        const found = (await reader.ends(new AbortController().signal)).find((one) => one.topic === rig.partition.topic);
        const end = found?.end;
        return end === null || end === undefined ? end : end - (host.place(rig.partition)?.offset ?? 0);
      };
      const before = await lag();
      if (knowsEnd === 'always') expect(before).toBeGreaterThan(0);
      else expect(before).toBeNull();
      await reader.run(host);
      expect(await lag()).toBe(knowsEnd === 'never' ? null : 0);
      await rig.add([4]);
      const after = await lag();
      if (knowsEnd === 'never') expect(after).toBeNull();
      else expect(after).toBeGreaterThan(0);
    });

    it('gives what it cannot read with its bytes and the reason, and reads on', async () => {
      if (rig.addBroken === undefined) return;
      await rig.add([1, 2]);
      await rig.addBroken();
      await rig.add([3]);
      await readAll();
      const broken = store.records.filter(({ record }) => !record.content.ok);
      expect(broken).toHaveLength(1);
      expect(idsOf(store).filter((id) => typeof id === 'number')).toEqual([1, 2, 3]);
      const [one] = broken;
      expect(one?.record.bytes.length).toBeGreaterThan(0);
      expect(one?.record.content).toMatchObject({ ok: false, stage: 'decode', reason: expect.stringMatching(/\w+ \w+/) });
    });
  });
}
