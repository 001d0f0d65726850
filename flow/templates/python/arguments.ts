import { fail, type Arguments, type Py } from './values.ts';

/** The parameters of a function in order; those from `optional` on may be left out. `positionalOnly`: none can be given by name. */
export type Signature = { readonly names: readonly string[]; readonly required: number; readonly positionalOnly?: boolean };

export const signature = (required: readonly string[], optional: readonly string[] = []): Signature => ({
  names: [...required, ...optional],
  required: required.length,
});
export const positionalOnly = (required: readonly string[], optional: readonly string[] = []): Signature => ({
  ...signature(required, optional),
  positionalOnly: true,
});

const NONE: readonly Py[] = [];

/** The arguments in the order of the signature; one that was left out is undefined. @throws TemplateFailure as Python would */
export function bindArguments(
  name: string,
  { names, required, positionalOnly: onlyPositional }: Signature,
  args: Arguments,
): readonly (Py | undefined)[] {
  const { positional, named } = args;
  if (positional.length > names.length)
    return fail('TypeError', `${name} takes at most ${names.length} arguments, not ${positional.length}`);
  if (named.size === 0 && positional.length >= required) return positional.length === 0 ? NONE : positional;
  const bound: (Py | undefined)[] = [...positional];
  for (const [key, value] of named) {
    const at = onlyPositional === true ? -1 : names.indexOf(key);
    if (at < 0) return fail('TypeError', `${name} takes no argument named ${key}`);
    if (bound[at] !== undefined) return fail('TypeError', `${name} has two values for ${key}`);
    bound[at] = value;
  }
  for (let i = 0; i < required; i++) {
    if (bound[i] === undefined) return fail('TypeError', `${name} needs an argument: ${names[i] ?? ''}`);
  }
  return bound;
}
