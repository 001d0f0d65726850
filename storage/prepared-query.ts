import { type Compilable, CompiledQuery, type RawBuilder, sql } from 'kysely';
import type { Executor } from './database.ts';

/** Stands for a parameter while a query is built. */
class Slot {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

type Slots<P> = { readonly [Name in keyof P]: RawBuilder<P[Name]> };

/** A query that was built and compiled once; only its parameters change. On the hot paths compiling costs more than executing. */
export type PreparedQuery<P, R> = {
  /** All rows. */
  readonly all: (on: Executor, parameters: P) => Promise<readonly R[]>;
  readonly first: (on: Executor, parameters: P) => Promise<R | undefined>;
  /** How many rows it changed (or, on MySQL, found to be so already). */
  readonly change: (on: Executor, parameters: P) => Promise<number>;
};

/**
 * @example
 * const byId = prepareQuery<{ readonly id: string }>()((p) => db.selectFrom('streams').selectAll().where('stream', '=', p.id));
 * const row = await byId.first(db, { id: 'run/1' });
 */
export const prepareQuery =
  <P extends Readonly<Record<string, unknown>>>() =>
  <R>(build: (slots: Slots<P>) => Compilable<R>): PreparedQuery<P, R> => {
    const compiled = build(slots<P>()).compile();
    const bind = (parameters: P): CompiledQuery<R> => ({
      ...compiled,
      parameters: compiled.parameters.map((value) => (value instanceof Slot ? parameters[value.name] : value)),
    });
    return {
      all: async (on, parameters) => (await on.executeQuery(bind(parameters))).rows,
      first: async (on, parameters) => (await on.executeQuery(bind(parameters))).rows[0],
      change: async (on, parameters) => Number((await on.executeQuery(bind(parameters))).numAffectedRows ?? 0n),
    };
  };

const slots = <P>(): Slots<P> =>
  new Proxy({} as Slots<P>, { get: (_target, name) => (typeof name === 'string' ? sql`${new Slot(name)}` : undefined) });

/** Rows of a statement given as text, with `?` for each parameter. */
export async function rowsOf<R>(on: Executor, text: string, parameters: readonly unknown[]): Promise<readonly R[]> {
  const { rows } = await on.executeQuery(CompiledQuery.raw(text, [...parameters]));
  return rows as readonly R[];
}

/** Executes a statement given as text. Returns how many rows it changed. */
export async function execute(on: Executor, text: string, parameters: readonly unknown[] = []): Promise<number> {
  const { numAffectedRows } = await on.executeQuery(CompiledQuery.raw(text, [...parameters]));
  return Number(numAffectedRows ?? 0n);
}
