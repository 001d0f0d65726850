import { parseArgs } from 'node:util';
import type { Storage } from '../../schemas/core.ts';
import { openMysqlStorage, openSqliteStorage, processIdentity } from '../index.ts';
import { append, unit } from './fixtures.ts';

/**
 * A process of its own that writes to the storage of a test: units of three events from several writers at once. Prints one
 * JSON line for its owner identity, and one for each unit that is durable.
 */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      file: { type: 'string' },
      url: { type: 'string' },
      name: { type: 'string', default: 'writer' },
      units: { type: 'string', default: '0' },
      writers: { type: 'string', default: '4' },
    },
  });
  const storage =
    values.url === undefined ? await openSqliteStorage({ file: values.file ?? '' }) : await openMysqlStorage({ url: values.url });
  const owner = processIdentity();
  await storage.leases.take('shared', `process/${values.name}`, owner, { now: Date.now(), ttlMs: 600_000, isDead: () => false });
  print({ owner });
  const writers = Array.from({ length: Number(values.writers) }, (_, i) => `${values.name}-${i}`);
  const endless = values.units === '0';
  await Promise.all(writers.map((writer) => writeUnits(storage, writer, endless ? Number.POSITIVE_INFINITY : Number(values.units))));
  await storage.projections.catchUp('shared');
  await storage.close();
  print({ done: true });
}

async function writeUnits(storage: Storage, writer: string, units: number): Promise<void> {
  for (let i = 0; i < units; i++) {
    // Everybody also writes to one common stream, and wants the same claims.
    const appends = [append(writer, [i, i]), append('common', [writer])];
    const result = await storage.events.write(unit('shared', { appends, runStatus: [] }));
    const claim = await storage.events.write(unit('shared', { claims: [{ scope: 'turn', key: String(i), value: writer }] }));
    print({ writer, i, result, claim: claim.status });
    if (i % 10 === 9) await storage.projections.catchUp('shared');
  }
}

const print = (line: unknown): void => {
  process.stdout.write(`${JSON.stringify(line)}\n`);
};

await main();
