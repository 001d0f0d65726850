import { tuple, type Arguments, type Budget, type Cycler, type Py } from './values.ts';

/** An attribute of a cycler; undefined for none. */
export function cyclerAttribute(cycler: Cycler, name: string): Py | undefined {
  if (name === 'items') return tuple(cycler.items);
  if (name === 'pos') return cycler.position;
  return name === 'current' ? cycler.items[cycler.position] : undefined;
}

export const CYCLER_METHODS: ReadonlyMap<string, (cycler: Cycler, args: Arguments, budget: Budget) => Py> = new Map([
  ['next', next],
  ['reset', reset],
]);

function next(cycler: Cycler): Py {
  const item = cycler.items[cycler.position] ?? null;
  cycler.position = (cycler.position + 1) % cycler.items.length;
  return item;
}

function reset(cycler: Cycler): Py {
  cycler.position = 0;
  return null;
}
