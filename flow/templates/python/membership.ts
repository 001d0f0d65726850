import type { CompareOperator } from '../syntax/ast.ts';
import { equals, findKey, ordered, requireHashable } from './compare.ts';
import { iterate } from './iterate.ts';
import { fail, isDict, isPyObject, isUndefined, textOf, typeName, type Budget, type Py } from './values.ts';

/** A comparison of a template. @throws TemplateFailure for types that cannot be compared so */
export function compare(left: Py, operator: CompareOperator, right: Py, budget: Budget): boolean {
  switch (operator) {
    case '==':
      return equals(left, right, budget);
    case '!=':
      return !equals(left, right, budget);
    case 'in':
      return contains(right, left, budget);
    case 'not in':
      return !contains(right, left, budget);
    default:
      return ordered(left, operator, right, budget);
  }
}

/** `item in container` of Python. */
export function contains(container: Py, item: Py, budget: Budget): boolean {
  const text = textOf(container);
  if (text !== undefined) {
    const wanted = textOf(item);
    return wanted === undefined ? fail('TypeError', `only a text can be in a text, not ${typeName(item)}`) : text.includes(wanted);
  }
  if (isDict(container)) return hasKey(container, item, budget);
  if (isUndefined(container)) return false;
  if (isPyObject(container) && container.kind === 'view' && container.of === 'keys') return hasKey(container.dict, item, budget);
  for (const candidate of iterate(container)) {
    budget.spend(1);
    if (candidate === item || equals(candidate, item, budget)) return true;
  }
  return false;
}

function hasKey(dict: ReadonlyMap<Py, Py>, key: Py, budget: Budget): boolean {
  requireHashable(key);
  return findKey(dict, key, budget) !== undefined;
}
