import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isArray, isObject, objectOf, parseJson, type ObjectValue, type Value } from '../../schemas/core.ts';
import { lookupIn } from '../text/index.ts';
import { compileTemplate, renderJinja, type CompiledTemplate } from './index.ts';

/** What a template gives: its text, or null when it is refused or fails. */
function render(source: string, context: ObjectValue): string | null {
  const compiled = compileTemplate(source);
  if (!compiled.ok) return null;
  // The plan is stored as JSON: what is rendered must be what is stored.
  const stored: CompiledTemplate = JSON.parse(JSON.stringify(compiled.template));
  const result = renderJinja(stored, context);
  return result.ok ? result.text : null;
}

function readObject(url: URL): ObjectValue {
  const parsed = parseJson(readFileSync(url, 'utf8'));
  if (!parsed.ok || !isObject(parsed.value)) throw new Error(`${url.pathname} holds no object`);
  return parsed.value;
}

const objectAt = (value: Value, path: readonly string[]): ObjectValue => {
  const found = lookupIn(value, path) ?? null;
  return isObject(found) ? found : objectOf([]);
};
const textOf = (value: Value | undefined): string => (typeof value === 'string' ? value : '');
const listAt = (value: Value, name: string): readonly Value[] => {
  const found = lookupIn(value, [name]) ?? null;
  return isArray(found) ? found : [];
};

describe('templates observed in Jinja2 3.1.6', () => {
  const table = readObject(new URL('./fixtures/observed-templates.json', import.meta.url));
  const rows = listAt(table, 'rows').filter(isArray);

  it('render to the same bytes, or fail where Jinja fails', () => {
    const wrong = rows.flatMap(([context = null, template = null, output = null]) => {
      const text = render(textOf(template), objectAt(table, ['contexts', textOf(context)]));
      return text === output ? [] : [{ template, expected: output, text }];
    });
    expect(wrong).toEqual([]);
    expect(rows.length).toBeGreaterThan(2500);
  });

  it('are refused, never rendered differently, where the engine does not follow', () => {
    const rejected = listAt(table, 'rejected').map(textOf);
    expect(rejected.filter((template) => render(template, objectAt(table, ['contexts', 'm'])) !== null)).toEqual([]);
  });
});

const SHARED = new URL('../../../shared/cases/jinja_cases.json', import.meta.url);
const absent = !existsSync(SHARED);

describe.skipIf(absent)(absent ? 'templates of ../shared (skipped: ../shared is absent)' : 'templates of ../shared', () => {
  const table = absent ? objectOf([]) : readObject(SHARED);
  const cases = listAt(table, 'cases').filter(isObject);

  it('has cases', () => expect(cases.length).toBeGreaterThan(40));

  it.each(cases.map((row) => ({ template: textOf(row.get('template')), output: row.get('output') ?? null })))(
    '$template',
    ({ template, output }) => {
      expect(render(template, objectAt(table, ['context']))).toBe(output);
    },
  );
});
