import { iterate } from './python/iterate.ts';
import { fail, isPyObject, isUndefined, tuple, typeName, type Py, type Scope } from './python/values.ts';
import { readSlot, scopeAt } from './run.ts';
import type { Target } from './syntax/ast.ts';

/** The value that a target holds: of several, a tuple. */
export function targetValue(target: Target, scope: Scope): Py {
  if (target.k === 'tuple') return tuple(target.items.map((item) => targetValue(item, scope)));
  return readSlot(scope, target.up, target.slot, target.name);
}

/** Assigns a value to a name, to several, or to the attribute of a namespace. @throws TemplateFailure */
export function assign(target: Target, value: Py, scope: Scope): void {
  switch (target.k) {
    case 'name':
      (target.up === 0 ? scope : scopeAt(scope, target.up)).slots[target.slot] = value;
      return;
    case 'tuple':
      return unpack(target.items, value, scope);
    case 'namespace': {
      const space = readSlot(scope, target.up, target.slot, target.name);
      if (isPyObject(space) && space.kind === 'namespace') space.attributes.set(target.attribute, value);
      else fail('TemplateRuntimeError', `"${target.name}" is no namespace: begin with {% set ${target.name} = namespace() %}`);
    }
  }
}

function unpack(targets: readonly Target[], value: Py, scope: Scope): void {
  const items: Py[] = [];
  for (const item of iterate(value)) {
    if (items.length >= targets.length)
      return fail('ValueError', `there are more values than the ${targets.length} names they are assigned to`);
    items.push(item);
  }
  if (items.length < targets.length) return fail('ValueError', `there are ${items.length} values for ${targets.length} names`);
  targets.forEach((target, i) => assign(target, items[i] ?? null, scope));
}

/** Jinja looks whether a target is a namespace before it computes the value. @throws TemplateFailure */
export function requireNamespaces(target: Target, scope: Scope): void {
  if (target.k === 'tuple') for (const item of target.items) requireNamespaces(item, scope);
  if (target.k !== 'namespace') return;
  const space = readSlot(scope, target.up, target.slot, target.name);
  if (isPyObject(space) && space.kind === 'namespace') return;
  const found = isUndefined(space) ? 'is undefined' : `is a ${typeName(space)}, not a namespace`;
  fail('TemplateRuntimeError', `"${target.name}" ${found}: begin with {% set ${target.name} = namespace() %}`);
}
