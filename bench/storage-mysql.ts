import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createConnection, createPool, type Connection, type Pool } from 'mysql2/promise';
import type { Storage } from '../schemas/index.ts';
import { openMysqlStorage } from '../storage/index.ts';
import { count, measure, nodeFinished, writeUnits, type Measured, type Work } from './storage-work.ts';
import { type Figure, printFigures } from './print.ts';

const BATCH = 20;

/** A database of the bench's own on the server, dropped afterwards. */
async function ownDatabase(
  server: string,
): Promise<{ readonly url: string; readonly admin: Connection; readonly drop: () => Promise<void> }> {
  const name = `riskflow_bench_${randomBytes(4).toString('hex')}`;
  const url = new URL(server);
  url.pathname = '/';
  const admin = await createConnection(url.href);
  await admin.query(`create database ${name}`);
  await admin.query(`use ${name}`);
  url.pathname = `/${name}`;
  const drop = async (): Promise<void> => {
    await admin.query(`drop database ${name}`);
    await admin.end();
  };
  return { url: url.href, admin, drop };
}

/** The same events into a table with an auto-increment key and nothing else: no order of commits, no streams, no claims. */
async function autoIncrement(
  url: string,
  admin: Connection,
): Promise<{ readonly pool: Pool; readonly work: (writers: number, size: number) => Work }> {
  await admin.query(
    'create table plain_events (n bigint auto_increment primary key, stream varchar(190) not null, version bigint not null, type varchar(120) not null, data longtext not null, at bigint not null)',
  );
  const pool = createPool({ uri: url, connectionLimit: 8 });
  const work =
    (writers: number, size: number): Work =>
    async (isOver) => {
      let events = 0;
      const writeOn = async (): Promise<void> => {
        while (!isOver()) {
          const rows = Array.from({ length: size }, (_, i) => [
            `run/${events}`,
            i + 1,
            'NodeFinished',
            JSON.stringify(nodeFinished(i).data),
            Date.now(),
          ]);
          await pool.query('insert into plain_events (stream, version, type, data, at) values ?', [rows]);
          events += size;
        }
      };
      await Promise.all(Array.from({ length: writers }, writeOn));
      return events;
    };
  return { pool, work };
}

/** Small appends to a file, each on the disk before the next: what the disk allows whoever syncs for every commit. */
function syncs(folder: string): { readonly work: Work; readonly close: () => void } {
  const file = openSync(join(folder, 'syncs'), 'a');
  const bytes = Buffer.alloc(512, 'x');
  const work: Work = async (isOver) => {
    let done = 0;
    while (!isOver()) {
      writeSync(file, bytes);
      fsyncSync(file);
      done++;
    }
    return done;
  };
  return { work, close: () => closeSync(file) };
}

type Case = { readonly what: string; readonly writers: number; readonly size: number };
const CASES: readonly Case[] = [1, 8].flatMap((writers) =>
  [1, BATCH].map((size) => ({
    what: `${writers} ${writers === 1 ? 'writer' : 'writers'}, ${size === 1 ? 'single events' : `units of ${size}`}`,
    writers,
    size,
  })),
);

const none: Measured = { perSecond: 0, cpuMsPerThousand: 0 };

async function figuresOf(
  storages: readonly Storage[],
  { work }: { readonly work: (writers: number, size: number) => Work },
  sync: Work,
): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  const [storage] = storages;
  if (storage === undefined) return figures;
  for (const { what, writers, size } of CASES) {
    const name = `${writers}-${size}`;
    const apart: Work = async (isOver) => {
      const done = await Promise.all(
        storages.slice(0, writers).map((each, i) => writeUnits(each, { writers: 1, size, name: `${name}-${i}` })(isOver)),
      );
      return done.reduce((sum, events) => sum + events, 0);
    };
    const works = [writeUnits(storage, { writers, size, name }), work(writers, size), sync, ...(writers > 1 ? [apart] : [])];
    const [ours = none, plain = none, disk = none, others] = await measure(works);
    const ratio = `${(ours.perSecond / plain.perSecond).toFixed(2)} × auto-increment (${count(plain.perSecond)}/s)`;
    const perSync = `${(ours.perSecond / disk.perSecond).toFixed(2)} × syncs of the disk (${count(disk.perSecond)}/s)`;
    figures.push({ what, measured: `${count(ours.perSecond)} events/s = ${ratio}, ${perSync}`, budget: '', holds: null });
    if (others !== undefined) {
      figures.push({ what: '  as 8 processes, nothing shared', measured: `${count(others.perSecond)} events/s`, budget: '', holds: null });
    }
  }
  return figures;
}

/** The event store on a MySQL server: how fast, at which durability, beside what the server and the disk do without it. */
export async function benchStorageOnMysql(environment: Readonly<Record<string, string | undefined>>): Promise<void> {
  const server = environment['RISKFLOW_TEST_MYSQL_URL'] ?? environment['RISKFLOW_MYSQL_URL'];
  if (server === undefined) {
    process.stderr.write('bench: set RISKFLOW_TEST_MYSQL_URL or RISKFLOW_MYSQL_URL to a MySQL server on which a database may be made\n');
    process.exitCode = 2;
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'riskflow-bench-'));
  const { url, admin, drop } = await ownDatabase(server);
  const storages = await Promise.all(Array.from({ length: 8 }, () => openMysqlStorage({ url, connections: 2 })));
  const plain = await autoIncrement(url, admin);
  const sync = syncs(folder);
  try {
    const [first] = storages;
    if (first === undefined) return;
    // Not counted: the compiler of JavaScript warms up.
    await measure([writeUnits(first, { writers: 8, size: 5, name: 'warm' }), plain.work(8, 5)]);
    const settings = Object.entries(await first.settings()).map(([name, value]) => `${name} ${value}`);
    printFigures(`Storage · ${settings.join(' · ')}`, await figuresOf(storages, plain, sync.work));
  } finally {
    sync.close();
    await plain.pool.end();
    for (const storage of storages) await storage.close();
    await drop();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
