import type { Column, ColumnKind, TableSpec } from '../tables/table-spec.ts';

/** A column that rows may lack, so that the release before, which does not know it, can go on inserting. */
export type NullableColumn = Column<ColumnKind, true>;

/** What the release before does not even see. `derived`: nothing is lost with it, since it can be made again. */
export type AddStep =
  | { readonly addTable: TableSpec; readonly derived: boolean }
  | { readonly addColumn: string; readonly to: string; readonly column: NullableColumn; readonly derived: boolean }
  | { readonly addIndex: string; readonly to: string; readonly columns: readonly string[] };

/** What no release from `oldest` on looks at any more. */
export type DropStep =
  | { readonly dropTable: string }
  | { readonly dropColumn: string; readonly from: string }
  | { readonly dropIndex: string; readonly from: string };

/**
 * Brings the tables from one level to the next. A release that needs other tables brings one migration, which never changes after it.
 *
 * - `expand` only adds. Every release that works with the level before works with this one.
 * - `contract` only drops, at the earliest one release after the last that used it: `oldest` is below its own level.
 */
export type Migration =
  | { readonly level: number; readonly name: string; readonly kind: 'expand'; readonly steps: readonly AddStep[] }
  | {
      readonly level: number;
      readonly name: string;
      readonly kind: 'contract';
      readonly oldest: number;
      readonly steps: readonly DropStep[];
    };

/** The lowest level of a release that works with the tables after each migration; a list in the order of levels. */
export function oldestAfter(migrations: readonly Migration[], level: number): number {
  return migrations.reduce((oldest, each) => (each.kind === 'contract' && each.level <= level ? Math.max(oldest, each.oldest) : oldest), 1);
}
