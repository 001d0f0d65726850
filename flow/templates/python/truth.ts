import { isTruthy } from '../../text/index.ts';
import { rangeLength } from './compare.ts';
import { isDict, isList, isPyObject, type Py } from './values.ts';

/** `bool(value)` of Python. */
export function truthy(value: Py): boolean {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'string') return value !== '';
  if (value === null) return false;
  if (typeof value !== 'object') return isTruthy(value);
  if (isList(value)) return value.length > 0;
  if (isDict(value)) return value.size > 0;
  if (!isPyObject(value)) return isTruthy(value);
  switch (value.kind) {
    case 'undefined':
      return false;
    case 'tuple':
      return value.items.length > 0;
    case 'markup':
      return value.text !== '';
    case 'range':
      return rangeLength(value) > 0;
    case 'view':
      return value.dict.size > 0;
    default:
      return true;
  }
}
