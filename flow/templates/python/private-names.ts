import { fail, isPyObject, typeName, type Py } from './values.ts';

/** What Python's objects of these types have besides, and this engine does not support: using it is an error, never a difference. */
const UNSUPPORTED: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['str', new Set(['encode', 'maketrans', 'translate'])],
  ['Markup', new Set(['encode', 'maketrans', 'translate', 'escape', 'striptags', 'unescape'])],
  ['dict', new Set(['fromkeys'])],
  ['int', new Set(['as_integer_ratio', 'bit_count', 'from_bytes', 'imag', 'is_integer', 'to_bytes'])],
  ['bool', new Set(['as_integer_ratio', 'bit_count', 'from_bytes', 'imag', 'is_integer', 'to_bytes'])],
  ['float', new Set(['as_integer_ratio', 'fromhex', 'hex', 'imag'])],
  ['generator', new Set(['close', 'send', 'throw'])],
  ['range', new Set(['count', 'index'])],
  ['Macro', new Set(['caller', 'explicit_caller'])],
  ['dict view', new Set(['isdisjoint', 'mapping'])],
]);

/** The names with which Python's dicts shadow keys when they are read with a dot. */
export const HIDDEN_DICT_KEYS: ReadonlySet<string> = new Set(
  [
    ...[
      'class',
      'class_getitem',
      'contains',
      'delattr',
      'delitem',
      'dir',
      'doc',
      'eq',
      'format',
      'ge',
      'getattribute',
      'getitem',
      'getstate',
    ],
    ...[
      'gt',
      'hash',
      'init',
      'init_subclass',
      'ior',
      'iter',
      'le',
      'len',
      'lt',
      'ne',
      'new',
      'or',
      'reduce',
      'reduce_ex',
      'repr',
      'reversed',
    ],
    ...['ror', 'setattr', 'setitem', 'sizeof', 'str', 'subclasshook'],
  ].map((name) => `__${name}__`),
);

/** The private names that Jinja's undefined value has; any other name on it is an error. */
export const UNDEFINED_NAMES: ReadonlySet<string> = new Set(
  [
    ...[
      'add',
      'aiter',
      'bool',
      'call',
      'class',
      'complex',
      'delattr',
      'dir',
      'div',
      'doc',
      'eq',
      'float',
      'floordiv',
      'format',
      'ge',
      'getattr',
    ],
    ...[
      'getattribute',
      'getitem',
      'getstate',
      'gt',
      'hash',
      'init',
      'init_subclass',
      'int',
      'iter',
      'le',
      'len',
      'lt',
      'mod',
      'module',
      'mul',
    ],
    ...[
      'ne',
      'neg',
      'new',
      'pos',
      'pow',
      'radd',
      'rdiv',
      'reduce',
      'reduce_ex',
      'repr',
      'rfloordiv',
      'rmod',
      'rmul',
      'rpow',
      'rsub',
      'rtruediv',
    ],
    ...['setattr', 'sizeof', 'slots', 'str', 'sub', 'subclasshook', 'truediv'],
  ].map((name) => `__${name}__`),
);

/** @throws TemplateFailure for an attribute that Python's object has and this engine lacks */
export function refuseUnsupported(value: Py, name: string): void {
  if (UNSUPPORTED.get(typeName(value))?.has(name) === true || (isPyObject(value) && value.kind === 'function'))
    fail('LimitError', `.${name} of a ${typeName(value)} is not supported`);
}
