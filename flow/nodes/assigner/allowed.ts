import { isArray, isNumeric, isObject, isSecretRef, type Value } from '../../../schemas/core.ts';
import { comparable, isFile, numbersEqual } from '../../text/index.ts';
import type { AssignItem, AssignOperation } from './config.ts';
import { isArrayType, isNumberType, type VariableType } from './variable-type.ts';

const SCALARS: ReadonlySet<VariableType> = new Set<VariableType>(['object', 'string', 'number', 'integer', 'float', 'boolean']);
const TEXT_LIKE: ReadonlySet<VariableType> = new Set<VariableType>(['string', 'object', 'boolean']);
const FROM_CONSTANT: ReadonlySet<AssignOperation> = new Set<AssignOperation>(['over-write', 'set']);

export const isArithmetic = (operation: AssignOperation): operation is '+=' | '-=' | '*=' | '/=' => operation.endsWith('=');

/** Operations that take no value. */
export const needsNoValue = (operation: AssignOperation): boolean =>
  operation === 'clear' || operation === 'remove-first' || operation === 'remove-last';

/** Why an item cannot be applied to a variable of this type, whatever its value is; undefined when it can. */
export function operationProblem({ operation, input }: Pick<AssignItem, 'operation' | 'input'>, type: VariableType): string | undefined {
  if (!fitsType(operation, type)) return `the operation "${operation}" cannot be applied to a variable of the type ${type}`;
  const constant = input.kind === 'constant';
  const allowed = constant ? fitsConstant(operation, type) : operation !== 'set' && !isArithmetic(operation);
  return allowed ? undefined : `the operation "${operation}" on a ${type} cannot take a ${constant ? 'constant' : 'variable'}`;
}

function fitsType(operation: AssignOperation, type: VariableType): boolean {
  if (operation === 'over-write' || operation === 'clear') return true;
  if (operation === 'set') return SCALARS.has(type);
  return isArithmetic(operation) ? isNumberType(type) : isArrayType(type);
}

function fitsConstant(operation: AssignOperation, type: VariableType): boolean {
  if (TEXT_LIKE.has(type)) return FROM_CONSTANT.has(operation);
  return isNumberType(type) && (FROM_CONSTANT.has(operation) || isArithmetic(operation));
}

type Fits = (value: Value) => boolean;

// A boolean is an integer to Python, and therefore to these checks of Dify.
const isNumber: Fits = (value) => isNumeric(value) || typeof value === 'boolean';
// A secret is a text whose value only the executors of effects know: it is passed on as what it is.
const isText: Fits = (value) => typeof value === 'string' || (typeof value === 'object' && value !== null && isSecretRef(value));
const isBoolean: Fits = (value) => typeof value === 'boolean';
const isPlainObject: Fits = (value) => isObject(value) && !isFile(value);

const SCALAR_VALUES: Readonly<Partial<Record<VariableType, Fits>>> = { string: isText, boolean: isBoolean, object: isPlainObject };
const ITEMS: Readonly<Partial<Record<VariableType, Fits>>> = {
  'array[any]': (value) => isText(value) || isNumber(value) || isPlainObject(value),
  'array[string]': isText,
  'array[number]': isNumber,
  'array[object]': isPlainObject,
  'array[boolean]': isBoolean,
};

/** Whether a value may be assigned to a variable of a type by an operation that takes a value. Lists of files take none, as in Dify. */
export function isAssignable(operation: AssignOperation, type: VariableType, value: Value): boolean {
  if (isNumberType(type)) return isNumber(value) && !(operation === '/=' && isZero(value));
  const fits = SCALAR_VALUES[type];
  if (fits !== undefined) return fits(value);
  const item = ITEMS[type];
  if (item === undefined) return false;
  if (operation === 'append') return item(value);
  return (operation === 'extend' || operation === 'over-write') && isArray(value) && value.every(item);
}

const isZero: Fits = (value) => value === false || (isNumeric(value) && numbersEqual(comparable(value), 0));
