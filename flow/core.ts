/** What may enter the Temporal bundle: no yaml, no zod, no regex engines. */
export { advance, conclude, pendingEffects, requestStop } from './engine/advance.ts';
export { NODES_PER_STEP, type Step, type StepOptions } from './engine/step.ts';
export { evolve } from './engine/apply.ts';
export { initialState, type RunState } from './engine/state.ts';
export { isRootPinned, pinOf } from './engine/pins.ts';
export { checkInputs, startVariables, type InputCheck } from './engine/start-inputs.ts';
export { fileInput } from './nodes/start/file-input.ts';
export { EVALUATED_HANDLE } from './engine/node-outcome.ts';
export type { Evaluated } from './engine/secrets.ts';
export { interpreterFor, interpreterOf, knownVersions, type Interpreter } from './versions.ts';
export { answerOutputs } from './nodes/human-input/start.ts';
export { modelOf, traitsOf } from './nodes/kinds.ts';
export type { StartVariable } from './nodes/start/config.ts';
export { upgradePlan } from './plan/upgrade-plan.ts';
export type { Plan, PlanNode } from './plan/plan.ts';
export { difyEvents } from './stream/dify-events.ts';
export type { DifyEvent } from './stream/event-data.ts';
