import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decodeValue, isArray, isObject, objectOf, parseJson, type Json, type ObjectValue, type Value } from '../../schemas/core.ts';
import { compileVariableTemplate, lookupIn, renderMarkdown, renderTemplate, renderText, type Lookup } from './index.ts';

const poolOf =
  (pool: ObjectValue): Lookup =>
  ([node = '', name = '', ...path]) => {
    const variables = pool.get(node);
    const value = variables !== undefined && isObject(variables) ? variables.get(name) : undefined;
    return value === undefined ? undefined : lookupIn(value, path);
  };

type TemplateRow = { readonly template: string; readonly text: string; readonly markdown: string };

describe('observed templates', () => {
  const table: { pool: Json; rows: TemplateRow[] } = JSON.parse(
    readFileSync(new URL('./fixtures/observed-templates.json', import.meta.url), 'utf8'),
  );
  const pool = decodeValue(table.pool);
  const lookup = poolOf(isObject(pool) ? pool : objectOf([]));

  it.each(table.rows)('$template', ({ template, text, markdown }) => {
    const compiled = compileVariableTemplate(template);
    expect(renderTemplate(compiled, lookup, 'text').text).toBe(text);
    expect(renderTemplate(compiled, lookup, 'markdown').text).toBe(markdown);
  });
});

const SHARED = new URL('../../../shared/cases/node_tables.json', import.meta.url);
const absent = !existsSync(SHARED);

describe.skipIf(absent)(absent ? 'templates of ../shared (skipped: ../shared is absent)' : 'templates of ../shared', () => {
  const { pool, rows } = absent ? { pool: objectOf([]), rows: [] } : sharedTable(readFileSync(SHARED, 'utf8'));
  const lookup = poolOf(objectOf([['n', pool]]));

  it.each(rows)('$template', ({ template, text, markdown }) => {
    const compiled = compileVariableTemplate(template);
    expect(renderTemplate(compiled, lookup, 'text').text).toBe(text);
    expect(renderTemplate(compiled, lookup, 'markdown').text).toBe(markdown);
  });
});

function sharedTable(text: string): { pool: ObjectValue; rows: TemplateRow[] } {
  const parsed = parseJson(text);
  const table = parsed.ok ? (lookupIn(parsed.value, ['template_rendering']) ?? null) : null;
  const pool = lookupIn(table, ['pool_n']) ?? null;
  const rows = lookupIn(table, ['rows']) ?? null;
  if (!isObject(pool) || !isArray(rows)) throw new Error('node_tables.json has no template_rendering');
  const cell = (row: Value, key: string) => {
    const found = lookupIn(row, [key]);
    return typeof found === 'string' ? found : '';
  };
  return {
    pool,
    rows: rows.map((row) => ({ template: cell(row, 'template'), text: cell(row, 'text'), markdown: cell(row, 'markdown(answer)') })),
  };
}

describe('files', () => {
  const file = (type: string, filename: string): Value =>
    objectOf([
      ['dify_model_identity', '__dify__file__'],
      ['type', type],
      ['filename', filename],
      ['remote_url', 'https://files.test/1'],
    ]);

  it('are nothing in prompts and links in answers', () => {
    expect(renderText(file('image', 'a.png'))).toBe('');
    expect(renderText([file('image', 'a.png')])).toBe('');
    expect(renderMarkdown(file('image', 'a.png'))).toBe('![a.png](https://files.test/1)');
    expect(renderMarkdown([file('image', 'a.png'), file('document', '')])).toBe(
      '![a.png](https://files.test/1)\n[https://files.test/1](https://files.test/1)',
    );
  });

  it('have the attributes Dify names, and no others', () => {
    expect(lookupIn(file('image', 'a.png'), ['name'])).toBe('a.png');
    expect(lookupIn(file('image', 'a.png'), ['url'])).toBe('https://files.test/1');
    expect(lookupIn(file('image', 'a.png'), ['size'])).toBe(null);
    expect(lookupIn(file('image', 'a.png'), ['filename'])).toBe(undefined);
  });
});

describe('lookupIn', () => {
  it('tells null from missing, and knows no inherited names', () => {
    const value = objectOf([['a', objectOf([['nil', null]])]]);
    expect(lookupIn(value, ['a', 'nil'])).toBe(null);
    expect(lookupIn(value, ['a', 'gone'])).toBe(undefined);
    for (const name of ['constructor', '__proto__', 'toString', 'size']) expect(lookupIn(value, [name])).toBe(undefined);
    expect(lookupIn(['x'], ['0'])).toBe(undefined);
    expect(lookupIn('text', ['length'])).toBe(undefined);
  });
});
