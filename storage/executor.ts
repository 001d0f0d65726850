import type { Kysely } from 'kysely';
import type { Tables } from './tables/database-tables.ts';

/** Something statements can be executed on: a connection, or a transaction. */
export type Executor = Kysely<Tables>;
