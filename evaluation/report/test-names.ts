import type { DifferenceTest } from '../../schemas/core.ts';
import { BOOTSTRAP_DRAWS } from '../statistics/bootstrap.ts';
import { grouped } from '../summary/number-text.ts';

/** How an interval was computed, in words. */
export const TEST_NAMES: Readonly<Record<DifferenceTest, string>> = {
  'newcombe-paired': 'Newcombe 1998, method 10, on pairs',
  'paired-bootstrap': `paired bootstrap, ${grouped(BOOTSTRAP_DRAWS)} draws`,
  'cr1-clustered': 'cluster-robust (CR1), Student’s t, on means per sample',
};
