import { describe, expect, it } from 'vitest';
import { PLAN_VERSION, type RunStarted } from '../../schemas/index.ts';
import { attributePairs, missingSentence, runAttributes, SEARCH_ATTRIBUTES } from './search-attributes.ts';

const started = (origin: RunStarted['data']['origin']): RunStarted => ({
  type: 'RunStarted',
  data: {
    runId: 'r',
    planVersion: PLAN_VERSION,
    flow: 'f',
    flowVersion: 'v',
    mode: 'manual',
    origin,
    inputs: { text: 'canary' },
    system: {},
    environment: {},
    pins: {},
    modelMap: {},
    at: 0,
  },
});
const all = new Set<string>(Object.values(SEARCH_ATTRIBUTES));
const plain = (pairs: ReturnType<typeof attributePairs>): unknown => Object.fromEntries(pairs.map(({ key, value }) => [key.name, value]));

describe('search attributes', () => {
  it.each<[RunStarted['data']['origin'], unknown]>([
    [{ kind: 'manual' }, { RiskflowFlow: 'f', RiskflowVersion: 'v' }],
    [
      { kind: 'record', sourceId: 's', recordId: 'canary' },
      { RiskflowFlow: 'f', RiskflowVersion: 'v', RiskflowSource: 's' },
    ],
    [
      { kind: 'batch', batchId: 'b', place: 7 },
      { RiskflowFlow: 'f', RiskflowVersion: 'v', RiskflowBatch: 'b' },
    ],
    [
      { kind: 'sample', evaluationId: 'e', sampleId: 'canary', variant: 'B', repeat: 1 },
      { RiskflowFlow: 'f', RiskflowVersion: 'v', RiskflowBatch: 'e', RiskflowVariant: 'B' },
    ],
  ])('of a run with the origin %j', (origin, expected) => {
    expect(plain(attributePairs(runAttributes({ started: started(origin), flowVersion: 'v' }), all))).toEqual(expected);
  });

  it('are only those that the namespace has, and never empty', () => {
    expect(plain(attributePairs({ flow: 'f', version: 'v', verdict: '' }, new Set(['RiskflowVersion', 'RiskflowVerdict'])))).toEqual({
      RiskflowVersion: 'v',
    });
  });

  it.each([
    ['x'.repeat(255), 'x'.repeat(255)],
    ['x'.repeat(256), `${'x'.repeat(254)}…`],
    ['🛡'.repeat(256), `${'🛡'.repeat(254)}…`],
  ])('are cut to 255 characters', (flow, expected) => expect(plain(attributePairs({ flow }, all))).toEqual({ RiskflowFlow: expected }));

  it('that are missing are named', () => {
    expect(missingSentence(all, 'default')).toBeUndefined();
    expect(missingSentence(new Set([...all].slice(1)), 'default')).toBe(
      'the namespace default of Temporal lacks the search attributes RiskflowFlow: riskflow migrate registers them',
    );
  });
});
