import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { isMap, isNode, LineCounter, parseDocument, type Document } from 'yaml';
import { configSchema, messageOf, type Config } from '../../schemas/index.ts';
import { nearestName } from './nearest-name.ts';
import type { Position, SettingError } from './problems.ts';
import { namesBelow, settingAt } from './settings-table.ts';

/** The configuration file, with everything that is wrong in it. */
export type ConfigurationFile = {
  /** Absolute. */
  readonly path: string;
  /** Whether it is there. */
  readonly exists: boolean;
  /** What could be read: settings that are wrong are left out. */
  readonly config: Config;
  readonly errors: readonly SettingError[];
  /** Where a setting stands, by its path in parts; undefined where it does not. */
  readonly positionOf: PositionOf;
};

/** Of a value; of its key where it is a section or where that is asked for. Of an empty path: where the text begins. */
type PositionOf = (path: readonly string[], of?: 'key') => Position | undefined;

export type FileName = {
  readonly folder: string;
  /** Undefined: riskflow.yml, where there is one. */
  readonly named: string | undefined;
  /** What names it, for the message that it does not exist. */
  readonly namedBy?: string;
};

export function readConfigurationFile({ folder, named, namedBy = 'RISKFLOW_CONFIG' }: FileName): ConfigurationFile {
  const path = resolve(folder, named ?? 'riskflow.yml');
  const nothing = { path, config: {}, positionOf: () => undefined };
  if (!existsSync(path)) {
    const message = `the configuration file ${path} (${namedBy}) does not exist`;
    const missing: SettingError = { setting: namedBy, code: 'not_found', message, short: message, hint: undefined, position: undefined };
    return { ...nothing, exists: false, errors: named === undefined ? [] : [missing] };
  }
  const lines = new LineCounter();
  try {
    const document = parseDocument(readFileSync(path, 'utf8'), { prettyErrors: true, lineCounter: lines });
    const positionOf: PositionOf = (parts, of) => positionIn(document, { lines, path: parts, ofKey: of === 'key' });
    const broken = document.errors.map(({ code, message, linePos }) =>
      syntaxError(path, code === 'MULTIPLE_DOCS' ? 'there is a second document in it, after ---' : message, linePos?.[0]),
    );
    if (broken.length > 0) return { ...nothing, exists: true, errors: broken };
    return { path, exists: true, positionOf, ...checked(path, document.toJS() ?? {}, positionOf) };
  } catch (error) {
    const message = `the configuration file ${path} cannot be read: ${messageOf(error)}`;
    const unreadable: SettingError = { setting: '', code: 'invalid_file', message, short: message, hint: undefined, position: undefined };
    return { ...nothing, exists: true, errors: [unreadable] };
  }
}

function syntaxError(path: string, message: string, at: { readonly line: number; readonly col: number } | undefined): SettingError {
  // The lines below the first show the text, which may be anything.
  const short = (message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, '');
  const place = at === undefined ? '' : ` at line ${at.line}, column ${at.col}`;
  return {
    setting: '',
    code: 'invalid_file',
    message: `${path} is not valid YAML: ${short}${place}`,
    short: `this is not valid YAML: ${short}`,
    hint: 'blanks at the start of a line say what belongs to what; text with ":" or "#" in it needs quotes',
    position: at === undefined ? undefined : { line: at.line, column: at.col },
  };
}

type Sought = { readonly lines: LineCounter; readonly path: readonly string[]; readonly ofKey: boolean };

function positionIn(document: Document.Parsed, { lines, path, ofKey }: Sought): Position | undefined {
  const place = (offset: number | undefined): Position | undefined => {
    if (offset === undefined) return undefined;
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  if (path.length === 0) return place(document.contents?.range?.[0]);
  const parent: unknown = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  if (!isMap(parent)) return undefined;
  const pair = parent.items.find(({ key }) => String(isNode(key) ? key.toJSON() : key) === path.at(-1));
  const node = ofKey || isMap(pair?.value) || !isNode(pair?.value) ? pair?.key : pair.value;
  return place(isNode(node) ? node.range?.[0] : undefined);
}

type Issue = NonNullable<ReturnType<typeof configSchema.safeParse>['error']>['issues'][number];

function checked(
  path: string,
  raw: unknown,
  positionOf: PositionOf,
): { readonly config: Config; readonly errors: readonly SettingError[] } {
  const parsed = configSchema.safeParse(raw);
  if (parsed.success) return { config: parsed.data, errors: [] };
  const { issues } = parsed.error;
  const errors = issues.filter((issue) => !isMisspelt(issue, issues)).flatMap((issue) => formErrors(path, issue, positionOf));
  return { config: withoutWrong(raw, issues), errors };
}

/** Whether a setting is missing only because its name is misspelt, which is told already. */
const isMisspelt = (issue: Issue, all: readonly Issue[]): boolean => {
  const [name, ...section] = issue.path.map(String).toReversed();
  if (name === undefined || !issue.message.endsWith('received undefined')) return false;
  const isBeside = (other: Issue): boolean => other.path.map(String).toReversed().join('.') === section.join('.');
  return all.some(
    (other) => other.code === 'unrecognized_keys' && isBeside(other) && other.keys.some((key) => nearestName(key, [name]) !== undefined),
  );
};

function formErrors(path: string, issue: Issue, positionOf: PositionOf): readonly SettingError[] {
  const parts = issue.path.map(String);
  const setting = parts.join('.');
  const prefix = setting === '' ? '' : `${setting}: `;
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const known = namesBelow(parts);
      const near = nearestName(key, known);
      const all = `the settings ${setting === '' ? '' : 'here '}are: ${known.join(', ')}`;
      return {
        setting: [...parts, key].join('.'),
        code: 'invalid_file' as const,
        message: `${path}: ${prefix}there is no setting "${key}"`,
        short: `there is no setting "${key}"`,
        hint: near === undefined ? all : `did you mean ${near}? ${all}`,
        position: positionOf([...parts, key], 'key'),
      };
    });
  }
  if (parts.length === 0) return [notSettings(path, reworded(issue.message), positionOf([]))];
  const known = settingAt(parts);
  const at = positionOf(parts) ?? positionOf(parts.slice(0, -1));
  const short = reworded(issue.message);
  return [
    {
      setting,
      code: 'invalid_file',
      message: `${path}: ${prefix}${short}`,
      short,
      hint: known === undefined ? undefined : `it stands for ${known.meaning}, such as ${known.example}`,
      position: at,
    },
  ];
}

function notSettings(path: string, why: string, position: Position | undefined): SettingError {
  const place = position === undefined ? '' : `, line ${position.line}, column ${position.column}`;
  const hint = 'it begins with a setting and a colon, such as modelConcurrency: 32; docs/configuration.md lists them';
  const short = `these are no settings: ${why}`;
  return { setting: '', code: 'invalid_file', message: `${path}${place}: ${short}`, short, hint, position };
}

function reworded(message: string): string {
  const [, wanted, given] = /^Invalid input: expected (\w+), received (\w+)$/.exec(message) ?? [];
  if (wanted === undefined) return message === '' ? 'it does not have the expected form' : message;
  return given === 'undefined' ? 'it is missing' : `${wanted} is expected here, not ${given}`;
}

/** Leaves out what is wrong, so that the rest can be looked at. */
function withoutWrong(raw: unknown, issues: readonly Issue[]): Config {
  let left = raw;
  let found = issues;
  for (let round = 0; round < 5; round++) {
    for (const issue of found) {
      const parts = issue.path.map(String);
      const gone = issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...parts, key]) : [parts];
      for (const path of gone) left = without(left, path) ?? without(left, path.slice(0, -1)) ?? {};
    }
    const parsed = configSchema.safeParse(left);
    if (parsed.success) return parsed.data;
    found = parsed.error.issues;
  }
  return {};
}

/** A copy without what is at a path; undefined when nothing is there. */
function without(value: unknown, path: readonly string[]): unknown {
  const [first, ...rest] = path;
  if (first === undefined || typeof value !== 'object' || value === null || !(first in value)) return undefined;
  const entries = Object.entries(value);
  if (rest.length === 0) return Object.fromEntries(entries.filter(([key]) => key !== first));
  const inner = without(Object.fromEntries(entries)[first], rest);
  return inner === undefined ? undefined : Object.fromEntries(entries.map(([key, each]) => [key, key === first ? inner : each]));
}
