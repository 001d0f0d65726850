import { decodeValue, isArray, isNumeric, parseJson, type Value } from '../../../schemas/core.ts';
import type { Selector } from '../../plan/selector.ts';
import { arithmetic } from '../../templates/index.ts';
import { lookupIn } from '../../text/index.ts';
import { isArithmetic, isAssignable, needsNoValue, operationProblem } from './allowed.ts';
import type { AssignerConfig, AssignItem } from './config.ts';
import { isArrayType, variableType, zeroValue, type VariableType } from './variable-type.ts';

/** The variables that an assigner sees. */
export type Variables = {
  readonly lookup: (selector: Selector) => Value | undefined;
  /** The type a variable was declared with: of the conversation, or of a loop. Undefined: nothing declares it. */
  readonly typeOf: (selector: Selector) => string | undefined;
};
export type Update = { readonly selector: Selector; readonly value: Value };
export type Applied = { readonly ok: true; readonly updates: readonly Update[] } | { readonly ok: false; readonly message: string };

type Step = { readonly ok: true; readonly value: Value | undefined } | { readonly ok: false; readonly message: string };
const refused = (message: string): { readonly ok: false; readonly message: string } => ({ ok: false, message });

/**
 * Applies the items of an assigner (version 2) in their order: each sees what those before it have written. Nothing is written when one
 * of them fails. The updates are one for each variable, in the order of its first change.
 */
export function applyItems(items: readonly AssignItem[], { lookup, typeOf }: Variables): Applied {
  const written = new Map<string, Update>();
  const read = (selector: Selector): Value | undefined => {
    const update = written.get(keyOf(selector.slice(0, 2)));
    if (update === undefined) return lookup(selector);
    return selector.length === 2 ? update.value : lookupIn(update.value, selector.slice(2));
  };
  for (const [at, item] of items.entries()) {
    const name = `item ${at + 1} (${item.target.join('.')})`;
    const current = item.target.length === 2 ? read(item.target) : undefined;
    if (current === undefined) return refused(`${name}: there is no such variable`);
    const step = applyItem(item, { current, type: variableType(typeOf(item.target), current) }, read);
    if (!step.ok) return refused(`${name}: ${step.message}`);
    if (step.value !== undefined) written.set(keyOf(item.target), { selector: item.target, value: step.value });
  }
  return { ok: true, updates: [...written.values()] };
}

const keyOf = (selector: Selector): string => JSON.stringify(selector);

type Target = { readonly current: Value; readonly type: VariableType };

/** The new value; undefined when the item is to be passed over. */
function applyItem(item: AssignItem, { current, type }: Target, read: (selector: Selector) => Value | undefined): Step {
  const { operation, input } = item;
  const problem = operationProblem(item, type);
  if (problem !== undefined) return refused(problem);
  if (needsNoValue(operation)) return withoutValue(operation, current, type);
  const given = input.kind === 'variable' ? read(input.selector) : input.kind === 'constant' ? decodeValue(input.value) : null;
  if (given === undefined) return refused(`the variable ${input.kind === 'variable' ? input.selector.join('.') : ''} does not exist`);
  // Dify passes over a variable that is null, and refuses a null that stands in the node itself.
  if (given === null && input.kind === 'variable') return { ok: true, value: undefined };
  const value = operation === 'set' && type === 'object' && typeof given === 'string' ? parsed(given) : given;
  if (value === undefined || !isAssignable(operation, type, value))
    return refused(
      operation === '/=' && value !== undefined && isAssignable('+=', type, value)
        ? 'a number cannot be divided by zero'
        : `the value does not fit the operation "${operation}" on a variable of the type ${type}`,
    );
  if (isArithmetic(operation)) return compute(current, operation, value);
  if (operation === 'append') return { ok: true, value: [...itemsOf(current), value] };
  return { ok: true, value: operation === 'extend' ? [...itemsOf(current), ...itemsOf(value)] : value };
}

const OPERATORS = { '+=': '+', '-=': '-', '*=': '*', '/=': '/' } as const;

const compute = (left: Value, operation: keyof typeof OPERATORS, right: Value): Step =>
  isNumber(left) && isNumber(right) ? arithmetic(left, OPERATORS[operation], right) : refused(`"${operation}" needs two numbers`);

const isNumber = (value: Value): value is Parameters<typeof arithmetic>[0] => isNumeric(value) || typeof value === 'boolean';

function withoutValue(operation: AssignItem['operation'], current: Value, type: VariableType): Step {
  if (operation === 'clear') return cleared(type);
  const items = itemsOf(current);
  return { ok: true, value: operation === 'remove-first' ? items.slice(1) : items.slice(0, -1) };
}

function cleared(type: VariableType): Step {
  const zero = zeroValue(type);
  return zero === undefined ? refused(`a variable of the type ${type} cannot be cleared`) : { ok: true, value: zero };
}

const itemsOf = (value: Value): readonly Value[] => (isArray(value) ? value : []);

function parsed(text: string): Value | undefined {
  const json = parseJson(text);
  return json.ok ? json.value : undefined;
}

type FirstVersion = Extract<AssignerConfig, { readonly version: 1 }>;

/** Applies an assigner of version 1, which does not look at types: what is written is what the source holds. */
export function applyFirst({ target, mode, source }: FirstVersion, { lookup, typeOf }: Variables): Applied {
  const current = lookup(target);
  if (current === undefined) return refused(`the variable ${target.join('.')} to be assigned does not exist`);
  const type = variableType(typeOf(target), current);
  if (mode === 'clear') {
    const step = cleared(type);
    return step.ok ? { ok: true, updates: [{ selector: target, value: step.value ?? null }] } : step;
  }
  const value = lookup(source);
  if (value === undefined) return refused(`the variable ${source.join('.')} does not exist`);
  if (mode === 'over-write') return { ok: true, updates: [{ selector: target, value }] };
  if (!isArrayType(type)) return refused(`${target.join('.')} is no list: only to a list can be appended`);
  return { ok: true, updates: [{ selector: target, value: [...itemsOf(current), value] }] };
}
