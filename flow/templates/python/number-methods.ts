import { bindArguments, positionalOnly } from './arguments.ts';
import { doubleOf } from './numbers.ts';
import type { Arguments, Py } from './values.ts';
import type { Float } from '../../../schemas/core.ts';

const NONE = positionalOnly([]);

export const FLOAT_METHODS: ReadonlyMap<string, (value: number | Float, args: Arguments) => Py> = new Map([
  [
    'is_integer',
    (value: number | Float, args: Arguments): Py => (bindArguments('is_integer()', NONE, args), Number.isInteger(doubleOf(value))),
  ],
  ['conjugate', (value: number | Float, args: Arguments): Py => (bindArguments('conjugate()', NONE, args), value)],
]);

type Integer = number | bigint | boolean;

export const INTEGER_METHODS: ReadonlyMap<string, (value: Integer, args: Arguments) => Py> = new Map([
  ['bit_length', (value: Integer, args: Arguments): Py => (bindArguments('bit_length()', NONE, args), exactBitLength(BigInt(value)))],
  [
    'conjugate',
    (value: Integer, args: Arguments): Py => (bindArguments('conjugate()', NONE, args), typeof value === 'boolean' ? Number(value) : value),
  ],
]);

const exactBitLength = (value: bigint): number => (value === 0n ? 0 : (value < 0n ? -value : value).toString(2).length);
