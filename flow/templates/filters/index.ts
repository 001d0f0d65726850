import { CALLING_FILTERS } from './calling-filters.ts';
import type { Filter } from './filter.ts';
import { HTML_FILTERS } from './html-filters.ts';
import { NUMBER_FILTERS } from './number-filters.ts';
import { ORDER_FILTERS } from './order-filters.ts';
import { SEQUENCE_FILTERS } from './sequence-filters.ts';
import { nameTest, VALUE_TESTS, type Test } from './tests.ts';
import { TEXT_FILTERS } from './text-filters.ts';

/** All filters by name. */
export const FILTERS: ReadonlyMap<string, Filter> = new Map([
  ...CALLING_FILTERS,
  ...HTML_FILTERS,
  ...NUMBER_FILTERS,
  ...ORDER_FILTERS,
  ...SEQUENCE_FILTERS,
  ...TEXT_FILTERS,
]);

const FILTER_NAMES: ReadonlySet<string> = new Set([...FILTERS.keys(), 'random']);

/** All tests by name, with those for the names of filters and tests. */
export const TESTS: ReadonlyMap<string, Test> = new Map([
  ...VALUE_TESTS,
  ['filter', nameTest(FILTER_NAMES)],
  ['test', nameTest(new Set([...VALUE_TESTS.keys(), 'filter', 'test']))],
]);
export type { Filter, FilterCall, FilterEngine } from './filter.ts';
