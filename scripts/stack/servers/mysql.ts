import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { z } from 'zod';
import { run } from '../command.ts';
import type { Command } from '../command.ts';
import { needsDebian } from '../debian.ts';
import { StackFailure } from '../failure.ts';
import { makeOnce, removeTree } from '../install.ts';
import { mariadb } from '../mysql/mariadb.ts';
import { unstable } from '../mysql/unstable.ts';
import type { DatabaseVariant } from '../mysql/variant.ts';
import { portOf } from '../ports.ts';
import type { Ports } from '../ports.ts';
import { say, step } from '../progress.ts';
import type { Installation, Installed, Server } from '../server.ts';

const NAME = 'mysql';
const DATABASE = 'riskflow_test';
const CONNECT_LIMIT_MS = 3_000;
const VARIANTS: Readonly<Record<string, DatabaseVariant>> = { mysql: unstable, mariadb };

/** MySQL with an empty root password, reachable from this machine only; MariaDB where MySQL cannot be had. */
export const mysql: Server = {
  name: NAME,
  summary: 'MySQL of Debian unstable in a chroot (needs root), else MariaDB of this Debian',
  installationName: 'mysql-unstable',
  needs: [needsDebian('MySQL')],
  ports: ['server'],
  stopLimitMs: 60_000,
  install,
  start,
  ready: (ports) => withConnection(ports, version),
  prepare: (ports) =>
    withConnection(ports, async (connection) => {
      await connection.query(`CREATE DATABASE IF NOT EXISTS ${DATABASE} CHARACTER SET utf8mb4`);
    }),
  environment: (ports) => ({ RISKFLOW_TEST_MYSQL_URL: `mysql://root@127.0.0.1:${portOf(ports, 'server')}/${DATABASE}` }),
};

async function install(directory: string, log: string): Promise<Installed> {
  try {
    return { variant: 'mysql', version: await unstable.install(directory, log) };
  } catch (error) {
    if (!(error instanceof StackFailure)) throw error;
    say(NAME, `MySQL of Debian unstable cannot be installed: ${error.message}`);
    const note =
      `this is MariaDB and not MySQL, which could not be installed (${firstLine(error.message)}); ` + `delete ${directory} to try again`;
    await removeTree(directory);
    await mkdir(directory);
    const fallback = (): Promise<string> => mariadb.install(directory, log);
    return { variant: 'mariadb', version: await step(NAME, 'installing MariaDB instead', fallback), note };
  }
}

async function start(installation: Installation, stateDirectory: string, ports: Ports): Promise<Command> {
  const variant = VARIANTS[installation.variant];
  if (variant === undefined) throw new StackFailure(`unknown variant "${installation.variant}"; delete ${installation.directory}`);
  // Data stay over a restart, but never come under another server: a newer one would change them for good.
  const home = join(stateDirectory, homeName(installation));
  const given = { directory: installation.directory, home, port: portOf(ports, 'server') };
  const halfMade = (): void => say(NAME, `an unfinished database is in ${home}: making it again`);
  await makeOnce(home, z.object({}), halfMade, async () => {
    await mkdir(join(home, 'tmp'));
    await step(NAME, 'making an empty database', () => run(variant.initialize(given), join(stateDirectory, 'initialize.log')));
    return {};
  });
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

async function withConnection<T>(ports: Ports, use: (connection: Connection) => Promise<T>): Promise<T> {
  const port = portOf(ports, 'server');
  const connection = await createConnection({ host: '127.0.0.1', port, user: 'root', connectTimeout: CONNECT_LIMIT_MS });
  try {
    return await use(connection);
  } finally {
    connection.destroy();
  }
}

function firstLine(text: string): string {
  return (text.split('\n', 1)[0] ?? '').replace(/:$/, '');
}
