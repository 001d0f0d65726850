import { needsDebian } from '../debian.ts';
import { databaseServer } from '../mysql/database-server.ts';
import { mariadb as unpacked } from '../mysql/mariadb.ts';

/** The database that many people have in place of MySQL, for the contract tests of the storage. */
export const mariadb = databaseServer({
  name: 'mariadb',
  summary: 'MariaDB of this Debian, beside MySQL',
  installationName: 'mariadb',
  needs: [needsDebian('MariaDB')],
  variable: 'RISKFLOW_TEST_MARIADB_URL',
  install: async (directory, log) => ({ variant: 'mariadb', version: await unpacked.install(directory, log) }),
});
