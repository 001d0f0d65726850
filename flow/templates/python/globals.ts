import { bindArguments, positionalOnly, signature } from './arguments.ts';
import { dictSet, rangeLength } from './compare.ts';
import { pairsOf } from './dict-methods.ts';
import { toIndex } from './numbers.ts';
import { fail, nativeFunction, type Arguments, type Budget, type Py } from './values.ts';

/** Longest range. */
const MAX_RANGE = 10_000;

function range(args: Arguments): Py {
  const [first = 0, second, third = 1] = bindArguments('range()', positionalOnly(['start'], ['stop', 'step']), args);
  const [start, stop] =
    second === undefined
      ? [0, toIndex(first, 'the end of a range')]
      : [toIndex(first, 'the start of a range'), toIndex(second, 'the end of a range')];
  const step = toIndex(third, 'the step of a range');
  if (step === 0) return fail('ValueError', 'the step of a range is zero');
  const result = { kind: 'range', start, stop, step } as const;
  return rangeLength(result) > MAX_RANGE ? fail('LimitError', `a range has more than ${MAX_RANGE} items`) : result;
}

function dictOf(name: string, args: Arguments, budget: Budget): Map<Py, Py> {
  const dict = new Map<Py, Py>();
  for (const [key, value] of pairsOf(name, args, budget)) dictSet(dict, key, value, budget);
  return dict;
}

function joiner(args: Arguments): Py {
  const [separator = ', '] = bindArguments('joiner()', signature([], ['sep']), args);
  let used = false;
  return nativeFunction('joiner', (given) => {
    bindArguments('the joiner', positionalOnly([]), given);
    const text = used ? separator : '';
    used = true;
    return text;
  });
}

function cycler({ positional, named }: Arguments): Py {
  if (positional.length === 0 || named.size > 0) return fail('TypeError', 'cycler() needs values');
  return { kind: 'cycler', items: positional, position: 0 };
}

/** The functions that every template knows; a variable of the same name hides one. */
export const GLOBALS: ReadonlyMap<string, Py> = new Map<string, Py>([
  ['range', nativeFunction('range', range)],
  ['dict', nativeFunction('dict', (args, budget) => dictOf('dict()', args, budget))],
  ['namespace', nativeFunction('namespace', (args, budget) => ({ kind: 'namespace', attributes: dictOf('namespace()', args, budget) }))],
  ['cycler', nativeFunction('cycler', cycler)],
  ['joiner', nativeFunction('joiner', joiner)],
  [
    'lipsum',
    nativeFunction('lipsum', () => fail('LimitError', 'lipsum() is not supported, since the same inputs must give the same text')),
  ],
]);
