import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LeaseOwner, Position, Storage, StoredEvent, WriteResult } from '../../schemas/core.ts';
import { isDead, processIdentity } from '../process-identity.ts';
import type { Backend, Place } from './backend.ts';

type Line = {
  readonly owner?: LeaseOwner;
  readonly done?: boolean;
  readonly writer?: string;
  readonly i?: number;
  readonly result?: WriteResult;
  readonly claim?: string;
};

type Writer = {
  readonly child: ChildProcess;
  readonly lines: readonly Line[];
  readonly errors: readonly string[];
  readonly ended: Promise<number | null>;
  /** Resolves when it has printed so many lines; rejects when it ends before. */
  readonly printed: (lines: number) => Promise<void>;
};

/** Starts a process that writes; `units` of each of its writers, endlessly when 0. */
function startWriter(place: Place, name: string, units: number): Writer {
  const script = fileURLToPath(new URL('./writer-process.ts', import.meta.url));
  const address = 'file' in place.address ? ['--file', place.address.file] : ['--url', place.address.url];
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', script, ...address, '--name', name, '--units', String(units)],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const lines: Line[] = [];
  const errors: string[] = [];
  const reader = createInterface({ input: child.stdout });
  reader.on('line', (line) => lines.push(JSON.parse(line) as Line));
  child.stderr.setEncoding('utf8').on('data', (text: string) => errors.push(text));
  const ended = once(child, 'close').then(([code]) => (typeof code === 'number' ? code : null));
  const printed = (count: number): Promise<void> =>
    new Promise((resolve, reject) => {
      reader.on('line', () => {
        if (lines.length >= count) resolve();
      });
      reader.on('close', () => reject(new Error(`the writer ended after ${lines.length} lines: ${errors.join('')}`)));
    });
  return { child, lines, errors, ended, printed };
}

async function readAll(storage: Storage): Promise<readonly StoredEvent[]> {
  const events: StoredEvent[] = [];
  for (;;) {
    const page = await storage.events.readLog('shared', 'ledger', { after: events.length });
    if (page.length === 0) return events;
    for (const event of page) events.push(event);
  }
}

/** No hole, no half unit, nothing lost that was acknowledged; projections and the database's own check agree. */
async function expectConsistent(place: Place, storage: Storage, lines: readonly Line[]): Promise<readonly StoredEvent[]> {
  const events = await readAll(storage);
  expect(events.map(({ position }) => position.n)).toEqual(events.map((_, i) => i + 1));
  const versions = new Map<string, number>();
  for (const { stream, version } of events) {
    expect(version).toBe((versions.get(stream) ?? 0) + 1);
    versions.set(stream, version);
  }
  const at = new Map(events.map((event) => [event.position.n, event]));
  for (const { writer, i, result } of lines) {
    if (writer === undefined) continue;
    if (result?.status !== 'written') throw new Error(`not written: ${JSON.stringify(result)}`);
    const written = result.positions.map((position: Position) => at.get(position.n));
    expect(written.map((event) => [event?.stream, event?.data])).toEqual([
      [writer, i],
      [writer, i],
      ['common', writer],
    ]);
  }
  for (const [stream, version] of versions) {
    const inCommon = events.filter((event) => event.stream === 'common' && event.data === stream).length;
    if (stream !== 'common') expect(version).toBe(2 * inCommon);
  }
  expect(await place.complaints()).toEqual([]);
  await storage.projections.catchUp('shared');
  expect((await storage.projections.status('shared')).map(({ checkpoint }) => checkpoint)).toContain(events.length);
  return events;
}

export function processesContract(backend: Backend): void {
  describe('several processes on one database', () => {
    let place: Place;
    const writers: Writer[] = [];
    beforeEach(async () => {
      place = await backend.create();
    });
    afterEach(async () => {
      for (const { child, ended } of writers.splice(0)) {
        child.kill('SIGKILL');
        await ended;
      }
      await place.remove();
    });
    const start = (name: string, units: number): Writer => {
      const writer = startWriter(place, name, units);
      writers.push(writer);
      return writer;
    };

    it('open it fresh and write at once, without an error, a lost event or a hole', { timeout: 90_000 }, async () => {
      const both = [start('one', 30), start('two', 30)];
      for (const { ended, errors } of both) expect([await ended, errors]).toEqual([0, []]);
      const lines = both.flatMap((writer) => writer.lines);
      expect(lines.filter(({ done }) => done === true).length).toBe(2);
      const storage = await place.open();
      const events = await expectConsistent(place, storage, lines);
      expect(events.length).toBe(2 * 4 * 30 * 3);
      // Each claim was won by one of the eight.
      expect(lines.filter(({ claim }) => claim === 'written').length).toBe(30);
      await storage.close();
    });

    it('may be eight that open it fresh at once: one makes the tables, the others wait', { timeout: 90_000 }, async () => {
      const all = Array.from({ length: 8 }, (_, i) => start(`w${i}`, 1));
      for (const { ended, errors } of all) expect([await ended, errors]).toEqual([0, []]);
      const storage = await place.open();
      expect((await expectConsistent(place, storage, [])).length).toBe(8 * 4 * 3);
      await storage.close();
    });

    it('leave it whole when one is killed in the middle, and its lease free at once', { timeout: 90_000 }, async () => {
      const [killed, other] = [start('killed', 0), start('other', 30)];
      await killed.printed(60);
      killed.child.kill('SIGKILL');
      await killed.ended;
      expect([await other.ended, other.errors]).toEqual([0, []]);
      const storage = await place.open();
      await expectConsistent(place, storage, [...killed.lines, ...other.lines]);
      const owner = killed.lines.find((line) => line.owner !== undefined)?.owner;
      expect((await storage.leases.read('shared', 'process/killed'))?.owner).toBe(owner?.owner);
      const taken = await storage.leases.take('shared', 'process/killed', processIdentity(), { now: Date.now(), ttlMs: 1000, isDead });
      expect(taken).toMatchObject({ status: 'taken', fence: { fence: 2 } });
      await storage.close();
    });
  });
}
