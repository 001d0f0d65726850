export { DATA_FILE, openSqliteStorage, type SqliteOptions } from './sqlite/open.ts';
export { isDead, processIdentity } from './process-identity.ts';
