import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { directoriesFrom, stateOf, type Directories } from '../../scripts/stack/directories.ts';
import { isRunning, type ProcessIdentity } from '../../scripts/stack/identity.ts';
import { down, up } from '../../scripts/stack/lifecycle.ts';
import { readRecord } from '../../scripts/stack/record.ts';
import type { Server } from '../../scripts/stack/server.ts';
import { kafka } from '../../scripts/stack/servers/kafka.ts';
import { mysql } from '../../scripts/stack/servers/mysql.ts';
import { temporal } from '../../scripts/stack/servers/temporal.ts';

/** A server of a test's own, from the stack's cache: killed and started as the test likes, with its data kept in between. */
export type OwnServer = {
  /** What the tests' variable for this server would say: a MySQL URL, or host:port of Temporal or Kafka. The same after a restart. */
  readonly address: string;
  /** `kill -9`; resolves when the process is gone. */
  kill(): Promise<void>;
  /** Starts it again on its data and port; resolves when it answers. */
  restart(): Promise<void>;
  /** Stops it, however it stands, and deletes its data. */
  close(): Promise<void>;
};

export const startOwnMysql = (): Promise<OwnServer> => start(mysql, 'RISKFLOW_TEST_MYSQL_URL');

export const startOwnKafka = (): Promise<OwnServer> => start(kafka, 'RISKFLOW_TEST_KAFKA_BROKERS');

/** Temporal with a database file: what it promised before a kill, it knows after it. */
export async function startOwnTemporal(): Promise<OwnServer & { readonly forget: () => void }> {
  const folder = mkdtempSync(join(tmpdir(), 'riskflow-own-history-'));
  const file = join(folder, 'temporal.db');
  const forget = (): void => {
    for (const name of readdirSync(folder)) rmSync(join(folder, name));
  };
  try {
    const server = await start(temporal, 'RISKFLOW_TEST_TEMPORAL_ADDRESS', ['--headless', '--db-filename', file]);
    const close = async (): Promise<void> => {
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    };
    return { ...server, forget, close };
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

async function start(stackServer: Server, variable: string, more: readonly string[] = []): Promise<OwnServer> {
  const state = mkdtempSync(join(tmpdir(), `riskflow-own-${stackServer.name}-`));
  const server: Server = {
    ...stackServer,
    start: async (...given) => {
      const command = await stackServer.start(...given);
      return { ...command, arguments: [...command.arguments, ...more] };
    },
  };
  const directories: Directories = { ...directoriesFrom(process.env), state };
  const processOf = async (): Promise<ProcessIdentity | undefined> =>
    (await readRecord(stateOf(directories, server.name)))?.process ?? undefined;
  // A test file that is ended in the middle must not leave a server behind.
  let current: ProcessIdentity | undefined;
  const killCurrent = (): void => {
    if (current !== undefined && isRunning(current)) process.kill(current.pid, 'SIGKILL');
  };
  process.once('exit', killCurrent);
  const close = async (): Promise<void> => {
    process.off('exit', killCurrent);
    await down(server, directories, true);
    rmSync(state, { recursive: true, force: true });
  };
  const run = async (): Promise<string> => {
    const environment = await up(server, directories);
    const address = environment[variable];
    if (address === undefined) throw new Error(`${server.name} does not say ${variable}`);
    current = await processOf();
    return address;
  };
  try {
    const address = await run();
    return {
      address,
      kill: async () => {
        killCurrent();
        while (current !== undefined && isRunning(current)) await delay(20);
      },
      restart: async () => {
        const again = await run();
        if (again !== address) throw new Error(`${server.name} came back at ${again}, not at ${address}`);
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
