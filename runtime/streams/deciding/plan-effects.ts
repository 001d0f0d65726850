import { traitsOf, type Plan, type PlanNode } from '../../../flow/index.ts';

/** Whether a node needs nothing from outside. */
export const isInline = ({ behaviour: { kind } }: PlanNode): boolean => {
  const { needs } = traitsOf(kind);
  return needs === 'nothing' || needs === 'passes';
};

/** Whether runs of a plan can have effects: else they are over as soon as they begin. */
export const performsEffects = (plan: Plan): boolean => plan.hasSecrets || !plan.nodes.every(isInline);

/** Runs in flight for each call in flight: a run that stores its decision must not keep a slot of the limit empty. */
const RUNS_PER_CALL = 2;
/** Runs at a time where none calls anything: they share the wait for the disk. */
const INLINE_RUNS = 256;

/** How many runs of some plans should be in flight, so that so many calls are. */
export const runsInFlight = (plans: readonly Plan[], calls: number): number =>
  plans.some(performsEffects) ? calls * RUNS_PER_CALL : INLINE_RUNS;
