import { TemplateSyntaxError } from './syntax-error.ts';
import type { ArgumentNodes, FilterNode } from './tree.ts';

/** The filters and tests there are. */
export type NameLists = { readonly filters: ReadonlySet<string>; readonly tests: ReadonlySet<string> };

/** Filters that take the name of a filter or of a test, and at which place. */
const FILTER_NAME_AT: ReadonlyMap<string, number> = new Map([['map', 0]]);
const TEST_NAME_AT: ReadonlyMap<string, number> = new Map([
  ['select', 0],
  ['reject', 0],
  ['selectattr', 1],
  ['rejectattr', 1],
]);

/** @throws TemplateSyntaxError when there is no such filter, or none of the name given to `map`, or no test given to `select` … */
export function checkFilter(node: FilterNode, names: NameLists): void {
  if (!names.filters.has(node.name)) fail('filter', node.name, names.filters, node.offset);
  const filter = literalAt(node.args, FILTER_NAME_AT.get(node.name));
  if (filter !== undefined && !names.filters.has(filter)) fail('filter', filter, names.filters, node.offset);
  const test = literalAt(node.args, TEST_NAME_AT.get(node.name));
  if (test !== undefined && !names.tests.has(test)) fail('test', test, names.tests, node.offset);
}

export function checkTest(node: { readonly name: string; readonly offset: number }, names: NameLists): void {
  if (!names.tests.has(node.name)) fail('test', node.name, names.tests, node.offset);
}

function literalAt(args: ArgumentNodes, at: number | undefined): string | undefined {
  const node = at === undefined || args.list !== null ? undefined : args.positional[at];
  return node?.k === 'constant' && typeof node.value === 'string' ? node.value : undefined;
}

const NOT_SUPPORTED: ReadonlyMap<string, string> = new Map([
  ['random', 'the filter "random" is not supported, since the same inputs must give the same text: use |first or an index'],
]);

function fail(what: 'filter' | 'test', name: string, known: ReadonlySet<string>, offset: number): never {
  const special = what === 'filter' ? NOT_SUPPORTED.get(name) : undefined;
  if (special !== undefined) throw new TemplateSyntaxError(special, offset);
  const near = [...known].filter((candidate) => distance(candidate, name) <= 2).sort((a, b) => distance(a, name) - distance(b, name));
  const hint = near[0] === undefined ? `there are: ${[...known].sort().join(', ')}` : `did you mean "${near[0]}"?`;
  throw new TemplateSyntaxError(`there is no ${what} named "${name}"; ${hint}`, offset);
}

/** Edit distance, at most 3. */
function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2) return 3;
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(change, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    previous = row;
  }
  return Math.min(previous[b.length] ?? 3, 3);
}
