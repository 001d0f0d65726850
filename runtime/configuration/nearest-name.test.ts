import { describe, expect, it } from 'vitest';
import { nearestName } from './nearest-name.ts';

describe('nearestName', () => {
  const known = ['RISKFLOW_DATA', 'RISKFLOW_TEMPORAL_ADDRESS', 'RISKFLOW_MYSQL_URL', 'modelConcurrency'];
  it.each([
    ['RISKFLOW_DATE', 'RISKFLOW_DATA'],
    ['RISKFLOW_TEMPORAL_ADRES', 'RISKFLOW_TEMPORAL_ADDRESS'],
    ['RISKFLOW_MYSQL_URI', 'RISKFLOW_MYSQL_URL'],
    ['modelconcurency', 'modelConcurrency'],
    ['RISKFLOW_KAFKA', undefined],
    ['port', undefined],
  ])('%s → %s', (name, expected) => expect(nearestName(name, known)).toBe(expected));
});
