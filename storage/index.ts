export { openMysqlStorage, type MysqlOptions } from './mysql/open.ts';
export { isDead, processIdentity } from './process-identity.ts';
export { openSqliteStorage, type SqliteOptions } from './sqlite/open.ts';
