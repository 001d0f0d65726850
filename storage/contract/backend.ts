import type { Storage } from '../../schemas/core.ts';
import type { Database } from '../database.ts';
import type { Upcasters } from '../upcasting.ts';

/** How a process of its own finds the database of a test. */
export type Address = { readonly file: string } | { readonly url: string };

/** A fresh database for tests. It may be opened any number of times, also by other processes. */
export type Place = {
  readonly address: Address;
  readonly open: (options?: { readonly now?: () => number; readonly upcasters?: Upcasters }) => Promise<Storage>;
  /** Executes a statement past the storage. Returns its rows. */
  readonly query: (text: string, parameters?: readonly (string | number)[]) => Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** What the database itself finds wrong with its files; empty when nothing is. */
  readonly complaints: () => Promise<readonly string[]>;
  readonly remove: () => Promise<void>;
};

/** A kind of database which the contract is run on. */
export type Backend = {
  readonly name: string;
  readonly create: () => Promise<Place>;
  /** Runs of a property. */ readonly propertyRuns: number;
};

/** A database without tables. */
export type SchemaPlace = { readonly database: Database; readonly remove: () => Promise<void> };
export type SchemaBackend = {
  readonly create: () => Promise<SchemaPlace>;
  /** Of all statements at which a migration may fail every how-manieth is tried; the last one always. */
  readonly every: number;
};
