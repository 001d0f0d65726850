import { isArray, isObject, type ObjectValue, type Value } from '../../schemas/index.ts';
import type { ExpressionProblem, Read } from './record-view.ts';

/** A way into a record: names of members, and indexes of lists from 0. Empty: the whole record. */
export type Path = readonly (string | number)[];
export type PathResult = { readonly ok: true; readonly path: Path } | { readonly ok: false; readonly problem: ExpressionProblem };

const NAME = /[^.[\]]+/y;
const INDEX = /\[(\d{1,9})\]/y;
const QUOTED = /\[(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\]/sy;

/**
 * Reads a path: `a.b`, `items[0].id`, `$.a['b c']`. `$` before it is without effect, and alone means the whole record. A name holds
 * anything but ".", "[" and "]"; any other is written in brackets and quotes, where a backslash takes the next character as it is.
 */
export function parsePath(text: string): PathResult {
  const path: (string | number)[] = [];
  const rooted = text.startsWith('$') && (text.length === 1 || text[1] === '.' || text[1] === '[');
  let at = rooted ? 1 : 0;
  let needsName = !rooted && text[0] !== '[';
  while (at < text.length || needsName) {
    if (!needsName && text[at] === '.') {
      needsName = true;
      at++;
      continue;
    }
    const step = stepAt(text, at, needsName);
    if (step === undefined) return { ok: false, problem: badPath(text, at) };
    path.push(step.step);
    at = step.next;
    needsName = false;
  }
  return { ok: true, path };
}

function stepAt(text: string, at: number, isName: boolean): { readonly step: string | number; readonly next: number } | undefined {
  if (isName) {
    NAME.lastIndex = at;
    const name = NAME.exec(text)?.[0];
    return name === undefined ? undefined : { step: name, next: at + name.length };
  }
  INDEX.lastIndex = at;
  const index = INDEX.exec(text);
  if (index !== null) return { step: Number(index[1]), next: at + index[0].length };
  QUOTED.lastIndex = at;
  const quoted = QUOTED.exec(text);
  return quoted === null ? undefined : { step: (quoted[1] ?? quoted[2] ?? '').replaceAll(/\\(.)/gs, '$1'), next: at + quoted[0].length };
}

const badPath = (text: string, at: number): ExpressionProblem => ({
  message: `"${text}" is not a path: ${at >= text.length ? 'it ends too early' : `it cannot be read from character ${at + 1} on`}`,
  hint: `write names with dots and list indexes in brackets, as in body.items[0].id; a field with that very name is written ${quotedName(text)}`,
});

/** The path of a top-level field, whatever its name. */
export const quotedName = (name: string): string => `$['${name.replaceAll(/['\\]/g, '\\$&')}']`;

/** Reads the field of that very name, else what the path leads to. */
export const fieldReader =
  (name: string, path: Path): Read =>
  ({ fields }) => {
    const exact = fields.get(name);
    return exact === undefined ? valueAt(fields, path) : exact;
  };

/** Walks a path. Undefined where it leads nowhere: only objects have members, only lists have indexes. */
function valueAt(fields: ObjectValue, path: Path): Value | undefined {
  let value: Value = fields;
  for (const step of path) {
    const next: Value | undefined = typeof step === 'number' ? itemOf(value, step) : memberOf(value, step);
    if (next === undefined) return undefined;
    value = next;
  }
  return value;
}

const itemOf = (value: Value, index: number): Value | undefined => (isArray(value) ? value[index] : undefined);
const memberOf = (value: Value, name: string): Value | undefined => (isObject(value) ? value.get(name) : undefined);
