import { equals } from './compare.ts';
import { iterate, lengthOf } from './iterate.ts';
import { bindArguments, positionalOnly } from './arguments.ts';
import { fail, iterator, undefinedValue, type Arguments, type Budget, type Iterator, type LoopState, type Py } from './values.ts';

/** The state of a loop over a value, before its first round. */
export function startLoop(source: Py, recurse: LoopState['recurse'], depth: number): LoopState {
  return {
    source,
    depth,
    recurse,
    iterator: iteratorOf(source),
    index: -1,
    length: undefined,
    ahead: undefined,
    current: undefined,
    before: undefined,
    changedWith: undefined,
  };
}

const iteratorOf = (source: Py): Iterator => iterator('a loop', iterate(source)[Symbol.iterator]());

/** Goes to the next item; undefined at the end. */
export function nextItem(loop: LoopState): Py | undefined {
  const item = loop.ahead === undefined ? loop.iterator.next() : loop.ahead?.item;
  loop.ahead = loop.ahead === null ? null : undefined;
  if (item === undefined) return undefined;
  loop.index++;
  loop.before = loop.current;
  loop.current = item;
  return item;
}

function peek(loop: LoopState): { readonly item: Py } | null {
  if (loop.ahead === undefined) {
    const item = loop.iterator.next();
    loop.ahead = item === undefined ? null : { item };
  }
  return loop.ahead;
}

/** How many items there are; an iterator is read to its end for that. */
function loopLength(loop: LoopState): number {
  if (loop.length === undefined) {
    const known = lengthOf(loop.source);
    if (known === undefined) {
      const rest = [...iterate(loop.iterator)];
      loop.iterator = iteratorOf(rest);
      loop.length = rest.length + loop.index + 1 + (loop.ahead === undefined || loop.ahead === null ? 0 : 1);
    } else {
      loop.length = known;
    }
  }
  return loop.length;
}

/** `loop.name`; undefined when there is no such attribute. */
export function loopAttribute(loop: LoopState, name: string): Py | undefined {
  switch (name) {
    case 'index':
      return loop.index + 1;
    case 'index0':
      return loop.index;
    case 'first':
      return loop.index === 0;
    case 'last':
      return peek(loop) === null;
    case 'length':
      return loopLength(loop);
    case 'revindex':
      return loopLength(loop) - loop.index;
    case 'revindex0':
      return loopLength(loop) - loop.index - 1;
    case 'depth':
      return loop.depth + 1;
    case 'depth0':
      return loop.depth;
    case 'previtem':
      return loop.before === undefined ? undefinedValue('there is no previous item') : loop.before;
    case 'nextitem':
      return peek(loop)?.item === undefined ? undefinedValue('there is no next item') : (peek(loop)?.item ?? null);
    default:
      return undefined;
  }
}

export type LoopMethod = (loop: LoopState, args: Arguments, budget: Budget) => Py;

export const LOOP_METHODS: ReadonlyMap<string, LoopMethod> = new Map<string, LoopMethod>([
  [
    'cycle',
    (loop, { positional, named }) => {
      if (positional.length === 0 || named.size > 0) return fail('TypeError', 'cycle() needs values');
      return positional[loop.index % positional.length] ?? null;
    },
  ],
  [
    'changed',
    (loop, { positional, named }, budget) => {
      if (named.size > 0) return fail('TypeError', 'changed() takes no names');
      const before = loop.changedWith;
      if (before !== undefined && equals(before, positional, budget)) return false;
      loop.changedWith = positional;
      return true;
    },
  ],
]);

/** `loop(items)`: renders the body of a recursive loop for other items. */
export function callLoop(loop: LoopState, args: Arguments, budget: Budget): Py {
  const [items = null] = bindArguments('loop()', positionalOnly(['iterable']), args);
  budget.spend(1);
  if (loop.recurse === null) return fail('TypeError', 'only a loop marked "recursive" can be called');
  return loop.recurse(items, loop.depth + 1);
}
