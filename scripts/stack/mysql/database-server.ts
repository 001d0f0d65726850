import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { z } from 'zod';
import { run } from '../command.ts';
import type { Command } from '../command.ts';
import { StackFailure } from '../failure.ts';
import { makeOnce } from '../install.ts';
import { portOf } from '../ports.ts';
import { say, step } from '../progress.ts';
import type { Installation, Installed, Instance, Server } from '../server.ts';
import { mariadb } from './mariadb.ts';
import { unstable } from './unstable.ts';
import type { DatabaseVariant } from './variant.ts';

const DATABASE = 'riskflow_test';
const CONNECT_LIMIT_MS = 3_000;
const VARIANTS: Readonly<Record<string, DatabaseVariant>> = { mysql: unstable, mariadb };

/** A server that speaks MySQL's protocol, with a generated password of root, reachable from this machine only. `variable` is told its address. */
export function databaseServer({
  variable,
  ...given
}: Pick<Server, 'name' | 'summary' | 'installationName' | 'needs' | 'install'> & { readonly variable: string }): Server {
  return {
    ...given,
    ports: ['server'],
    secrets: ['password'],
    stopLimitMs: 60_000,
    start: (installation, instance) => start(given.name, installation, instance),
    ready: (instance) => withConnection(instance, version),
    prepare: (instance) =>
      withConnection(instance, async (connection) => {
        await connection.query(`CREATE DATABASE IF NOT EXISTS ${DATABASE} CHARACTER SET utf8mb4`);
      }),
    environment: ({ ports, secrets }) => {
      // Generated passwords need no escaping.
      const user = secrets['password'] === undefined ? 'root' : `root:${secrets['password']}`;
      return { [variable]: `mysql://${user}@127.0.0.1:${portOf(ports, 'server')}/${DATABASE}` };
    },
  };
}

async function start(name: string, installation: Installation, { state, ports, secrets }: Instance): Promise<Command> {
  const variant = VARIANTS[installation.variant];
  if (variant === undefined) throw new StackFailure(`unknown variant "${installation.variant}"; delete ${installation.directory}`);
  // Data stay over a restart, but never come under another server: a newer one would change them for good.
  const home = join(state, homeName(installation));
  const given = { directory: installation.directory, home, port: portOf(ports, 'server') };
  const halfMade = (): void => say(name, `an unfinished database is in ${home}: making it again`);
  await makeOnce(home, z.object({}), halfMade, async () => {
    await mkdir(join(home, 'tmp'));
    await step(name, 'making an empty database', () => run(variant.initialize(given), join(state, 'initialize.log')));
    return {};
  });
  // Carried out before the first connection is let in, so that nobody ever finds it without a password.
  await writeFile(join(home, 'init.sql'), `ALTER USER 'root'@'localhost' IDENTIFIED BY '${secrets['password'] ?? ''}';\n`, { mode: 0o600 });
  return variant.serve(given);
}

/** The folder of a server version's data, e.g. `data-mysql-9.7.0`. */
export function homeName(installed: Installed): string {
  const number = /\d+(?:\.\d+)+/.exec(installed.version.replace(/^\S*\//, ''));
  return `data-${installed.variant}-${number?.[0] ?? 'unknown'}`;
}

async function version(connection: Connection): Promise<string> {
  const [rows] = await connection.query<RowDataPacket[]>('SELECT VERSION() AS version');
  const found = String(rows[0]?.['version']);
  return found.includes('MariaDB') ? found : `MySQL ${found}`;
}

async function withConnection<T>({ ports, secrets }: Instance, use: (connection: Connection) => Promise<T>): Promise<T> {
  const login = { user: 'root', password: secrets['password'] ?? '' };
  const connection = await createConnection({
    host: '127.0.0.1',
    port: portOf(ports, 'server'),
    ...login,
    connectTimeout: CONNECT_LIMIT_MS,
  });
  try {
    return await use(connection);
  } finally {
    connection.destroy();
  }
}
