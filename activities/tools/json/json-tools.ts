import { pythonJson, pythonStr } from '../../../flow/index.ts';
import {
  isArray,
  isNumeric,
  isObject,
  parseJson,
  toDouble,
  type Tool,
  type ToolResult,
  type Value,
  type Values,
} from '../../../schemas/index.ts';
import { gaveText, textArgument, toolFailed } from '../tool-results.ts';
import { createAt, editAt, REMOVED, renameKey } from './json-edits.ts';
import { findMatches, parseJsonPath, type JsonPath, type Location, type Match } from './json-path.ts';

/**
 * Dify's provider `json_process`, by tool. What Dify hides in the text of a successful node (content that is no JSON, a path that cannot be
 * read) fails here.
 */
export const jsonTools: Readonly<Record<string, Tool['run']>> = {
  parse: (args) =>
    withMatches(args, 'json_filter', ({ matches, ensureAscii }) => {
      const [first] = matches;
      if (first === undefined) return gaveText('');
      const value: Value = matches.length === 1 ? first.value : matches.map((match) => match.value);
      return gaveText(isArray(value) || isObject(value) ? pythonJson(value, { ensureAscii }) : pythonStr(value));
    }),
  json_delete: (args) =>
    withMatches(args, 'query', (found) =>
      // From the last to the first, so that places in lists stay what they were.
      gaveJson(
        found,
        found.matches.toReversed().reduce((root, { location }) => editAt(root, location, () => REMOVED), found.root),
      ),
    ),
  json_insert: (args) =>
    withMatches(args, 'query', (found) => {
      const value = newValue(args, 'new_value');
      if (value === undefined) return notDecoded('new_value');
      if (found.matches.length === 0 && args.get('create_path') === 'True') return insertNew(found, value);
      return insertAt(found, value, args.get('index'));
    }),
  json_replace: (args) => withMatches(args, 'query', (found) => replace(found, args)),
};

type Found = { readonly root: Value; readonly path: JsonPath; readonly matches: readonly Match[]; readonly ensureAscii: boolean };

function withMatches(args: Values, query: string, body: (found: Found) => ToolResult): ToolResult {
  const content = parseJson(textArgument(args.get('content')).trim());
  if (!content.ok) {
    const { message, line, column } = content.error;
    return toolFailed(`the content is no JSON: ${message} (line ${line}, column ${column})`);
  }
  const parsed = parseJsonPath(textArgument(args.get(query)));
  if (!parsed.ok) return toolFailed(parsed.message);
  const matches = findMatches(content.value, parsed.path);
  if (matches === undefined) return toolFailed('the JSONPath leads to more places than can be looked at');
  return body({ root: content.value, path: parsed.path, matches, ensureAscii: args.get('ensure_ascii') !== false });
}

const gaveJson = ({ ensureAscii }: Found, value: Value): ToolResult => gaveText(pythonJson(value, { ensureAscii }));
const notDecoded = (name: string): ToolResult => toolFailed(`${name} is no JSON text, which value_decode says it is`);

/** Undefined when it is to be JSON text and is none. */
function newValue(args: Values, name: string): Value | undefined {
  const text = textArgument(args.get(name));
  if (args.get('value_decode') !== true) return text;
  const parsed = parseJson(text.trim());
  return parsed.ok ? parsed.value : undefined;
}

function insertAt(found: Found, value: Value, index: Value | undefined): ToolResult {
  let root = found.root;
  for (const { location, value: there } of found.matches) {
    if (isObject(there) && !isObject(value))
      return toolFailed('only an object can be inserted into an object: set value_decode and give one');
    root = editAt(root, location, (current) => inserted(current, value, index));
  }
  return gaveJson(found, root);
}

function inserted(current: Value, value: Value, index: Value | undefined): Value {
  if (isObject(current) && isObject(value)) return new Map([...current, ...value]);
  if (!isArray(current)) return value;
  const at = index !== undefined && isNumeric(index) ? Math.trunc(toDouble(index)) : current.length;
  return current.toSpliced(at, 0, value);
}

function insertNew(found: Found, value: Value): ToolResult {
  const location = plainLocation(found.path);
  const root = location === undefined ? undefined : createAt(found.root, location, value);
  return root === undefined
    ? toolFailed('the path cannot be made: it may only go through names and places, and not through values')
    : gaveJson(found, root);
}

/** The one place that a path of names and places means, whether it is there or not. */
function plainLocation({ steps }: JsonPath): Location | undefined {
  const location: (string | number)[] = [];
  for (const { deep, selectors } of steps) {
    const [selector, second] = selectors;
    if (deep || second !== undefined || selector === undefined) return undefined;
    if (selector.kind === 'name') location.push(selector.name);
    else if (selector.kind === 'index') location.push(selector.index);
    else return undefined;
  }
  return location;
}

function replace(found: Found, args: Values): ToolResult {
  const model = textArgument(args.get('replace_model'));
  const replacement = textArgument(args.get('replace_value'));
  if (model === 'key') {
    return gaveJson(
      found,
      found.matches.reduce((root, { location }) => renameKey(root, location, replacement), found.root),
    );
  }
  if (model === 'value') {
    const value = newValue(args, 'replace_value');
    if (value === undefined) return notDecoded('replace_value');
    return gaveJson(
      found,
      found.matches.reduce((root, { location }) => editAt(root, location, () => value), found.root),
    );
  }
  const pattern = textArgument(args.get('replace_pattern'));
  if (pattern === '') return toolFailed('replace_pattern is empty: give the text that is to be replaced');
  let root = found.root;
  for (const { location, value } of found.matches) {
    if (typeof value !== 'string') return toolFailed(`the value at ${location.join('.')} is no text, in which a text could be replaced`);
    const text = value.replaceAll(pattern, () => replacement);
    const decoded = newValue(new Map<string, Value>([...args, ['replace_value', text]]), 'replace_value');
    if (decoded === undefined) return notDecoded('the value after the replacement');
    root = editAt(root, location, () => decoded);
  }
  return gaveJson(found, root);
}
