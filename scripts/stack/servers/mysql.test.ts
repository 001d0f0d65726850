import { expect, test } from 'vitest';
import { homeName } from '../mysql/database-server.ts';
import { mariadb } from './mariadb.ts';
import { mysql } from './mysql.ts';

test.each([
  ['mysql', '/usr/sbin/mysqld  Ver 9.7.0-1 for Linux on x86_64 ((Debian))', 'data-mysql-9.7.0'],
  ['mariadb', '/cache/1.2.3/mariadb/usr/sbin/mariadbd  Ver 10.11.19-MariaDB-0+deb12u1 for debian-linux-gnu', 'data-mariadb-10.11.19'],
  ['mysql', 'no number', 'data-mysql-unknown'],
])('the data of %s "%s" are in %s', (variant, version, home) => {
  expect(homeName({ variant, version })).toBe(home);
});

test('tests are told a whole URL with the password and the database', () => {
  const instance = { state: '/s', ports: { server: 20_001 }, secrets: { password: 'p-w_1' } };
  expect(mysql.environment(instance)).toEqual({ RISKFLOW_TEST_MYSQL_URL: 'mysql://root:p-w_1@127.0.0.1:20001/riskflow_test' });
  expect(mariadb.environment(instance)).toEqual({ RISKFLOW_TEST_MARIADB_URL: 'mysql://root:p-w_1@127.0.0.1:20001/riskflow_test' });
});
