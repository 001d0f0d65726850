import { RiskflowError } from '../schemas/core.ts';
import { advance, conclude, failRun, pendingEffects, requestStop } from './engine/advance.ts';
import { evolve } from './engine/apply.ts';
import { evaluateWithSecrets } from './engine/secrets.ts';
import { initialState } from './engine/state.ts';

/** All that drives a run of one plan version. What one of these functions makes of the same events never changes once it is released. */
export type Interpreter = {
  readonly initialState: typeof initialState;
  readonly evolve: typeof evolve;
  readonly advance: typeof advance;
  readonly conclude: typeof conclude;
  readonly pendingEffects: typeof pendingEffects;
  readonly requestStop: typeof requestStop;
  readonly failRun: typeof failRun;
  readonly evaluateWithSecrets: typeof evaluateWithSecrets;
};

const first: Interpreter = { initialState, evolve, advance, conclude, pendingEffects, requestStop, failRun, evaluateWithSecrets };

/**
 * Interpreters by plan version. A change of meaning is a new entry with code of its own beside the old one, which stays until no run of
 * its version is left; compilers.ts has an entry for each, and PLAN_VERSION names the newest, which new runs take.
 */
const interpreters: ReadonlyMap<number, Interpreter> = new Map([[1, first]]);

/** What drives the open runs of a plan version; undefined when this program does not know it. */
export const interpreterOf = (planVersion: number): Interpreter | undefined => interpreters.get(planVersion);

/** What drives the runs of a plan. @throws RiskflowError `unsupported` when this program does not know its version. */
export function interpreterFor({ planVersion }: { readonly planVersion: number }): Interpreter {
  const interpreter = interpreterOf(planVersion);
  if (interpreter !== undefined) return interpreter;
  throw new RiskflowError('unsupported', `this Riskflow runs plans of ${knownVersions()}, not of version ${planVersion}`, {
    hint: 'go on with the version of Riskflow that began the run, or a newer one',
  });
}

/** The plan versions that this program can run, in words: `version 1`, `versions 1 and 2`. */
export function knownVersions(): string {
  const known = Array.from(interpreters.keys(), String);
  const last = known.pop() ?? 'none';
  return known.length === 0 ? `version ${last}` : `versions ${known.join(', ')} and ${last}`;
}
