import { describe, expect, it } from 'vitest';
import { PLAN_VERSION } from '../schemas/core.ts';
import { compilerOf } from './compilers.ts';
import { flowOf } from './testing/dsl.ts';
import { interpreterFor, interpreterOf, knownVersions } from './versions.ts';

const versions = Array.from({ length: PLAN_VERSION }, (_, i) => i + 1);

describe('plan versions', () => {
  it('have an interpreter and a compiler each, up to the newest', () => {
    for (const version of versions) {
      expect(interpreterOf(version)).toBeDefined();
      expect(compilerOf(version)).toBeDefined();
    }
    expect([interpreterOf(PLAN_VERSION + 1), compilerOf(PLAN_VERSION + 1), interpreterOf(0)]).toEqual([undefined, undefined, undefined]);
    expect(knownVersions()).toBe('version 1');
  });

  it('are written into the plans that their compilers make', () => {
    const { definition, plan, version } = flowOf(
      [
        { id: 's', type: 'start', variables: [] },
        { id: 'e', type: 'end', outputs: [] },
      ],
      ['s -> e'],
    );
    expect(plan.planVersion).toBe(PLAN_VERSION);
    for (const each of versions) {
      const compiled = compilerOf(each)?.(definition, version);
      expect(compiled?.ok === true ? compiled.plan.planVersion : undefined).toBe(each);
    }
    expect(compilerOf(PLAN_VERSION)?.(definition, version)).toMatchObject({ ok: true, plan });
  });

  it('that are not known are told in one sentence', () => {
    expect(() => interpreterFor({ planVersion: 7 })).toThrow('this Riskflow runs plans of version 1, not of version 7');
  });
});
