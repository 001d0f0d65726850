import { DatabaseSync } from 'node:sqlite';
import { CompiledQuery, Kysely } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nodeSqliteDialect } from './driver.ts';
import { trouble } from './errors.ts';

type Tables = { readonly t: { readonly id: number; readonly v: unknown } };

describe('Kysely over node:sqlite', () => {
  let database: DatabaseSync;
  let db: Kysely<Tables>;
  beforeEach(() => {
    database = new DatabaseSync(':memory:');
    database.exec('create table t (id integer primary key, v any) strict');
    db = new Kysely<Tables>({ dialect: nodeSqliteDialect(database, 100) });
  });
  afterEach(async () => {
    await db.destroy();
    if (database.isOpen) database.close();
  });

  it.each([
    ['text', 'ünï \u0000 😀', 'ünï \u0000 😀'],
    ['a float', 0.1, 0.1],
    ['null', null, null],
    ['undefined', undefined, null],
    ['true', true, 1],
    ['false', false, 0],
    ['bytes', Uint8Array.of(0, 255), Uint8Array.of(0, 255)],
    ['the largest safe integer', Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
    ['a small bigint', 7n, 7],
    ['an integer beyond 2^53', 2n ** 60n + 1n, 2n ** 60n + 1n],
    ['a negative one', -(2n ** 60n), -(2n ** 60n)],
  ])('takes and gives %s', async (_name, given, read) => {
    await db.insertInto('t').values({ id: 1, v: given }).execute();
    await db.insertInto('t').values({ id: 2, v: 2 }).execute();
    const rows = await db.selectFrom('t').selectAll().orderBy('id').execute();
    expect(rows).toEqual([
      { id: 1, v: read },
      { id: 2, v: 2 },
    ]);
    // An ordinary object, and the statement gives plain numbers again where it can.
    expect(Object.getPrototypeOf(rows[0])).toBe(Object.prototype);
  });

  it('refuses a parameter that SQLite has no type for', async () => {
    const insert = (v: unknown): Promise<unknown> => db.insertInto('t').values({ id: 1, v }).execute();
    await expect(insert({ a: 1 })).rejects.toThrow('[object Object] cannot be a parameter');
    await expect(insert(new Date())).rejects.toThrow('[object Date] cannot be a parameter');
  });

  it('counts changed rows and streams results in chunks', async () => {
    await db
      .insertInto('t')
      .values([1, 2, 3, 4, 5].map((id) => ({ id, v: null })))
      .execute();
    const updated = await db.updateTable('t').set({ v: 1 }).where('id', '>', 2).executeTakeFirst();
    expect(updated.numUpdatedRows).toBe(3n);
    const seen: number[] = [];
    for await (const { id } of db.selectFrom('t').select('id').orderBy('id').stream(2)) {
      seen.push(id);
      // The same text again, while the stream is open.
      if (id === 2) expect(seen).toEqual([1, 2]);
    }
    expect(seen).toEqual([1, 2, 3, 4, 5]);
  });

  it('prepares any number of statements without keeping them all', async () => {
    for (let i = 0; i < 1000; i++) {
      const { rows } = await db.executeQuery(CompiledQuery.raw(`select ${i} as i`));
      expect(rows).toEqual([{ i }]);
    }
  });

  it('rolls back, and tells a duplicate from other trouble', async () => {
    const twice = db.transaction().execute(async (trx) => {
      await trx.insertInto('t').values({ id: 1, v: 1 }).execute();
      await trx.insertInto('t').values({ id: 1, v: 2 }).execute();
    });
    const error: unknown = await twice.catch((caught: unknown) => caught);
    expect(trouble(error)).toBe('duplicate');
    expect(await db.selectFrom('t').selectAll().execute()).toEqual([]);
    const wrong: unknown = await db.executeQuery(CompiledQuery.raw('selekt')).catch((caught: unknown) => caught);
    expect(trouble(wrong)).toBe('other');
  });

  it.each([
    ['pragma query_only = 1', 'usage', /^the data file .* cannot be written to$/],
    ['pragma max_page_count = 2', 'failed', /^the disk of the data file .* is full$/],
  ])('after "%s" it says what is wrong with the file', async (pragma, code, message) => {
    database.exec(pragma);
    const error: unknown = await db
      .transaction()
      .execute((trx) =>
        trx
          .insertInto('t')
          .values({ id: 1, v: new Uint8Array(100_000) })
          .execute(),
      )
      .catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message), hint: expect.stringContaining('RISKFLOW_DATA') });
    expect(database.isTransaction).toBe(false);
  });
});
