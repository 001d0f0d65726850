import { PLAN_VERSION } from '../schemas/core.ts';
import type { FlowDefinition } from './import/definition.ts';
import { compilePlan, type CompileResult } from './plan/compile-plan.ts';

type Compiler = (definition: FlowDefinition, flowVersion: string) => CompileResult;

/** Compilers by plan version, one for each interpreter in versions.ts: the plan of an open run must stay what its events are about. */
const compilers: ReadonlyMap<number, Compiler> = new Map([[1, (definition, flowVersion) => compilePlan(definition, flowVersion, 1)]]);

/** Makes plans of a version; undefined when this program does not know it. */
export const compilerOf = (planVersion: number): Compiler | undefined => compilers.get(planVersion);

/** Makes the plans of new runs. */
export function newestCompiler(): Compiler {
  const newest = compilerOf(PLAN_VERSION);
  if (newest === undefined) throw new RangeError(`there is no compiler for plan version ${PLAN_VERSION}`);
  return newest;
}
