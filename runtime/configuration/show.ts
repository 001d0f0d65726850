import { looksLikeKey } from '../../schemas/index.ts';
import { valueOf, type Environment } from './attempt.ts';
import { settingsTable, type Setting } from './settings-table.ts';
import { readAllSettings, type SettingsReading, type Surroundings } from '../settings.ts';

/** One setting as it is. */
export type ShownSetting = {
  /** Its path in the configuration file; its variable where it has none. */
  readonly setting: string;
  /** Of secrets only whether they are set; of addresses without their password. */
  readonly value: string;
  readonly source:
    | { readonly kind: 'environment'; readonly name: string }
    | { readonly kind: 'file'; readonly file: string; readonly line: number }
    | { readonly kind: 'default' };
};

export type ShownConfiguration = {
  /** Absolute path of the configuration file; null where there is none. */
  readonly file: string | null;
  readonly settings: readonly ShownSetting[];
  /** How many settings are wrong; those of the file are shown as if they were left out. */
  readonly errors: number;
};

/** Every setting with its value and where that comes from. */
export function showConfiguration(surroundings: Surroundings): ShownConfiguration {
  const reading = readAllSettings(surroundings);
  return {
    file: reading.file.exists ? reading.file.path : null,
    settings: settingsTable.flatMap((setting) => shown(setting, reading, surroundings.environment)),
    errors: reading.errors.length,
  };
}

function shown(setting: Setting, reading: SettingsReading, environment: Environment): readonly ShownSetting[] {
  const { variable, path } = setting;
  if (variable?.endsWith('*') === true) return secretsOf(variable.slice(0, -1), environment);
  if (path?.includes('*') === true) {
    return pathsLike(path.split('.'), reading.file.config).map((parts) => inFile(setting, parts, reading) ?? byDefault(setting));
  }
  const given = variable === undefined ? undefined : inEnvironment(setting, variable, environment);
  return [given ?? (path === undefined ? undefined : inFile(setting, path.split('.'), reading)) ?? byDefault(setting)];
}

const nameOf = ({ path, variable }: Setting): string => path ?? variable ?? '';

const byDefault = (setting: Setting): ShownSetting => ({
  setting: nameOf(setting),
  value: setting.secret === 'whole' ? 'not set' : setting.standard,
  source: { kind: 'default' },
});

function inEnvironment(setting: Setting, variable: string, environment: Environment): ShownSetting | undefined {
  const value = valueOf(environment, variable);
  const file = `${variable}_FILE`;
  if (value !== undefined)
    return { setting: nameOf(setting), value: visible(setting, value), source: { kind: 'environment', name: variable } };
  if (setting.secret === undefined || valueOf(environment, file) === undefined) return undefined;
  return { setting: nameOf(setting), value: 'set', source: { kind: 'environment', name: file } };
}

function inFile(setting: Setting, parts: readonly string[], { file }: SettingsReading): ShownSetting | undefined {
  const value = parts.reduce<unknown>(childOf, file.config);
  const line = file.positionOf(parts)?.line;
  const items: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (!items.every((item) => typeof item === 'string' || typeof item === 'number') || line === undefined) return undefined;
  return { setting: parts.join('.'), value: visible(setting, items.join(', ')), source: { kind: 'file', file: file.path, line } };
}

const childOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Object.entries(value).find(([key]) => key === name)?.[1] : undefined;

/** The paths that are in the file where a pattern has names that the user chooses. */
function pathsLike(pattern: readonly string[], value: unknown): readonly (readonly string[])[] {
  const [first, ...rest] = pattern;
  if (first === undefined) return value === undefined ? [] : [[]];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value)
    .filter(([key]) => first === '*' || key === first)
    .flatMap(([key, child]) => pathsLike(rest, child).map((path) => [key, ...path]));
}

const secretsOf = (prefix: string, environment: Environment): readonly ShownSetting[] =>
  Object.keys(environment)
    .filter((name) => name.startsWith(prefix))
    .sort()
    .map((name) => ({
      setting: name,
      value: valueOf(environment, name) === undefined ? 'not set' : 'set',
      source: { kind: 'environment', name },
    }));

function visible({ secret }: Setting, value: string): string {
  if (secret === 'whole') return 'set';
  if (secret === 'password' || value.includes('://')) return withoutPassword(value);
  // Nobody should have put it there, and nobody needs to see it.
  return looksLikeKey(value) || /:[^/]*@/.test(value) ? 'set, to something that looks secret' : value;
}

/** An address as it may be shown: its password and what follows the question mark may be secret. */
function withoutPassword(address: string): string {
  const url = URL.parse(address);
  if (url === null || !address.includes('://')) return 'set';
  const { protocol, username, password, host, pathname, search } = url;
  const user = username === '' && password === '' ? '' : `${username}${password === '' ? '' : ':***'}@`;
  return `${protocol}//${user}${host}${pathname === '/' && !address.includes(`${host}/`) ? '' : pathname}${search === '' ? '' : '?***'}`;
}
