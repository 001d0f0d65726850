import { mkdir } from 'node:fs/promises';
import { needsDebian } from '../debian.ts';
import { StackFailure } from '../failure.ts';
import { removeTree } from '../install.ts';
import { databaseServer } from '../mysql/database-server.ts';
import { mariadb } from '../mysql/mariadb.ts';
import { unstable } from '../mysql/unstable.ts';
import { say, step } from '../progress.ts';
import type { Installed } from '../server.ts';

const NAME = 'mysql';

/** MySQL; MariaDB where MySQL cannot be had. */
export const mysql = databaseServer({
  name: NAME,
  summary: 'MySQL of Debian unstable in a chroot (needs root), else MariaDB of this Debian',
  installationName: 'mysql-unstable',
  needs: [needsDebian('MySQL')],
  variable: 'RISKFLOW_TEST_MYSQL_URL',
  install,
});

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

function firstLine(text: string): string {
  return (text.split('\n', 1)[0] ?? '').replace(/:$/, '');
}
