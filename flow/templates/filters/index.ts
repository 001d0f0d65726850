import { CALLING_FILTERS } from './calling-filters.ts';
import type { Filter } from './filter.ts';
import { HTML_FILTERS } from './html-filters.ts';
import { NUMBER_FILTERS } from './number-filters.ts';
import { SEQUENCE_FILTERS } from './sequence-filters.ts';
import { TEXT_FILTERS } from './text-filters.ts';

/** All filters by name. */
export const FILTERS: ReadonlyMap<string, Filter> = new Map([
  ...CALLING_FILTERS,
  ...HTML_FILTERS,
  ...NUMBER_FILTERS,
  ...SEQUENCE_FILTERS,
  ...TEXT_FILTERS,
]);
export { TESTS, type Test } from './tests.ts';
export type { Filter, FilterCall, FilterEngine } from './filter.ts';
