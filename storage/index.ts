export { openMysqlStorage, type MysqlOptions } from './mysql/open.ts';
export { isDead, processIdentity } from './process-identity.ts';
export { DATA_FILE, openSqliteStorage, type SqliteOptions } from './sqlite/open.ts';
