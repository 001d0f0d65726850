import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { isHiddenKey, isVariableName, looksLikeKey } from '../../schemas/core.ts';
import { valueOf, type Environment } from './attempt.ts';
import { secretVariables } from './settings-table.ts';

/**
 * The values that must not be shown: secrets of flows, keys, passwords (also the one within an address, raw and decoded), those that the
 * configuration names by variable or file, and those of NAME_FILE. The configuration file is looked through as text, so that this
 * works for one that is broken, and what cannot be read is passed over.
 */
export function secretValues(environment: Environment, folder: string): readonly string[] {
  const { variables, files, misplaced } = namedInConfiguration(environment, folder);
  const names = new Set([...secretVariables, ...variables]);
  const set = Object.entries(environment).flatMap(([name, value]) =>
    value !== undefined && value !== '' && (names.has(name) || SECRET_NAME.test(name)) ? secretsIn(name, value) : [],
  );
  const fromFiles = [...names].flatMap((name) => {
    const file = valueOf(environment, `${name}_FILE`);
    return file === undefined ? [] : secretsIn(name, textOf(folder, file));
  });
  const all = [...set, ...fromFiles, ...files.map((file) => textOf(folder, file)), ...misplaced, ...misplacedIn(environment)];
  return all.filter((value) => value.trim() !== '');
}

/** In variables where no secret belongs: keys, and passwords in addresses. */
const misplacedIn = (environment: Environment): readonly string[] =>
  Object.entries(environment).flatMap(([name, value]) => {
    if (value === undefined || !/^(?:RISKFLOW|OPENAI)_/.test(name)) return [];
    return [...(looksLikeKey(value) ? [value.trim()] : []), ...passwordsIn(value)];
  });

const SECRET_NAME = /^RISKFLOW_SECRET_|API_KEY$|^RISKFLOW_.*_(?:PASSWORD|TOKEN|SECRET|KEYS?)$/;

function secretsIn(name: string, value: string): readonly string[] {
  // Words in place of a key (none, ollama) are not hidden.
  if (name.endsWith('API_KEY') && !name.startsWith('RISKFLOW_')) return isHiddenKey(value) ? [value] : [];
  if (name.endsWith('_URL')) return passwordsIn(value);
  if (name.endsWith('_KEYS')) return [value, ...keysOf(value)];
  return [value];
}

/** The keys of a list `id:key,id:key`, also where somebody forgot an id. */
const keysOf = (list: string): readonly string[] =>
  list
    .split(',')
    .map((entry) => entry.slice(entry.indexOf(':') + 1).trim())
    .filter(isHiddenKey);

/** What stands between the first colon and the last @ of `scheme://user:password@host`, as it stands there and decoded; also without scheme. */
function passwordsIn(address: string): readonly string[] {
  const raw = /^(?:[a-z][\w+.-]*:\/\/)?[^/@:\s]*:(?!\/\/)(.*)@/i.exec(address.trim())?.[1] ?? '';
  const parsed = URL.parse(address)?.password ?? '';
  return [raw, parsed].flatMap((text) => [text, decoded(text)]).filter((text) => text !== '');
}

/** Percent signs that mean themselves stay. */
export function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

type Named = {
  readonly variables: readonly string[];
  readonly files: readonly string[];
  /** What stands in the file itself and looks like a secret. */
  readonly misplaced: readonly string[];
};

function namedInConfiguration(environment: Environment, folder: string): Named {
  const text = textOf(folder, valueOf(environment, 'RISKFLOW_CONFIG') ?? 'riskflow.yml');
  const named = (pattern: RegExp): readonly string[] => Array.from(text.matchAll(pattern), ([, name = '']) => name.trim());
  const names = named(/\b(?:password|apiKey|secret|previousSecret)Env["']?\s*:\s*["']?([^"'\n,}#]+)/g);
  return {
    variables: names.filter(isVariableName),
    misplaced: [
      ...names.filter((name) => !isVariableName(name)),
      ...named(/\b(?:url|baseUrl|address)["']?\s*:\s*["']?([^"'\s,}]+)/g).flatMap(passwordsIn),
    ],
    files: named(/\b(?:password|apiKey)File["']?\s*:\s*["']?([^"'\n,}#]+)/g),
  };
}

function textOf(folder: string, file: string): string {
  try {
    return readFileSync(resolve(folder, file), 'utf8');
  } catch {
    return '';
  }
}
