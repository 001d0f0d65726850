import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { configSchema } from '../../schemas/index.ts';
import { isReadVariable, namesBelow, settingAt, settingsTable } from './settings-table.ts';

const project = resolve(import.meta.dirname, '../..');

type JsonSchema = {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
};

/** The paths of all leaves, with `*` for the names that the user chooses. */
function leaves({ properties, additionalProperties, anyOf, oneOf }: JsonSchema, path: readonly string[] = []): readonly string[] {
  // Of several forms those with settings of their own: `tls: true` is a section without any.
  const forms = [...(anyOf ?? []), ...(oneOf ?? [])].flatMap((form) => leaves(form, path)).filter((leaf) => leaf !== path.join('.'));
  if (forms.length > 0) return [...new Set(forms)];
  const named = Object.entries(properties ?? {}).flatMap(([name, child]) => leaves(child, [...path, name]));
  const chosen = typeof additionalProperties === 'object' ? leaves(additionalProperties, [...path, '*']) : [];
  return named.length + chosen.length === 0 ? [path.join('.')] : [...named, ...chosen];
}

/** Variables that the text of the program names. */
function namedInProgram(): ReadonlySet<string> {
  const rooms = ['activities', 'cli', 'connectors', 'models', 'runtime', 'sandbox', 'server', 'storage'];
  const files = rooms.flatMap((room) => {
    try {
      return readdirSync(join(project, room), { recursive: true, encoding: 'utf8' }).map((file) => join(project, room, file));
    } catch {
      return [];
    }
  });
  const product = files.filter((file) => file.endsWith('.ts') && !/\.(?:test|contract)\.ts$|stack-|-rig\.ts$/.test(file));
  return new Set(product.flatMap((file) => readFileSync(file, 'utf8').match(/\bRISKFLOW_[A-Z_]*[A-Z]\b/g) ?? []));
}

describe('the table of settings', () => {
  it('has every setting of the configuration file and no others', () => {
    const schema = z.toJSONSchema(configSchema, { unrepresentable: 'any', io: 'input' }) as JsonSchema;
    const paths = settingsTable.flatMap(({ path }) => (path === undefined ? [] : [path]));
    expect([...paths].sort()).toEqual([...leaves(schema)].sort());
  });

  it('has every variable that the program names', () => {
    expect([...namedInProgram()].filter((name) => !isReadVariable(name))).toEqual([]);
  });

  it('is what docs/configuration.md tells', () => {
    const lines = readFileSync(join(project, 'docs/configuration.md'), 'utf8').split('\n');
    const from = lines.findIndex((line) => /^\| in the file +\| variable +\|/.test(line));
    const cells = (line: string): readonly string[] =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim());
    const end = lines.findIndex((line, i) => i > from && !line.startsWith('|'));
    const code = (text: string | undefined): string => (text === undefined ? '' : `\`${text}\``);
    expect(lines.slice(from + 2, end).map(cells)).toEqual(
      settingsTable.map(({ path, variable, standard, meaning, secret }) => [
        code(path),
        code(variable),
        standard,
        meaning,
        secret === undefined ? '' : secret === 'whole' ? 'yes' : 'its password',
      ]),
    );
  });

  it('names every setting once, and none twice', () => {
    const names = settingsTable.flatMap(({ path, variable }) => [path, variable].filter((name) => name !== undefined));
    expect(new Set(names).size).toBe(names.length);
  });

  it('knows what stands below a path, also below names that the user chooses', () => {
    expect(namesBelow(['models', 'acme'])).toEqual(expect.arrayContaining(['baseUrl', 'apiKeyEnv', 'prices']));
    expect(namesBelow(['models'])).toEqual([]);
    expect(settingAt(['prices', 'gpt', 'inputPerMillion'])?.path).toBe('prices.*.inputPerMillion');
    expect(settingAt(['prices'])).toBeUndefined();
  });
});
