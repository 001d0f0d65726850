/** Storage and workers that are away come back: tried until then. A broken contract is not tried again, and fails the workflow. */
export const RETRY = { initialInterval: 200, backoffCoefficient: 2, maximumInterval: 10_000 } as const;
