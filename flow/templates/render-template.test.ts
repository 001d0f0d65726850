import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeValue, float, objectOf, type Value } from '../../schemas/core.ts';
import { pythonStr, secretPlaceholder } from '../text/index.ts';
import { compileTemplate, DEFAULT_LIMITS, renderJinja, type CompiledTemplate } from './index.ts';

function render(source: string, context: Readonly<Record<string, Value>> = {}, limits = DEFAULT_LIMITS) {
  const compiled = compileTemplate(source);
  if (!compiled.ok) throw new Error(compiled.errors[0]?.message);
  return renderJinja(compiled.template, new Map(Object.entries(context)), limits);
}

const textOf = (source: string, context: Readonly<Record<string, Value>> = {}): string => {
  const result = render(source, context);
  if (!result.ok) throw new Error(result.error);
  return result.text;
};

const value = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constant(null),
    fc.boolean(),
    fc.integer(),
    fc.double().map(float),
    fc.string(),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(fc.string(), tie('value')), { maxLength: 4 }).map(objectOf),
  ),
})).value;

describe('renderJinja', () => {
  it('prints every value as Python prints it', () => {
    fc.assert(
      fc.property(value, (v) => {
        expect(textOf('{{ v }}', { v })).toBe(pythonStr(v));
      }),
    );
  });

  it('leaves text without marks as it is, but for line breaks', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('{')),
        (text) => {
          expect(textOf(text)).toBe(text.replace(/\r\n?/g, '\n').replace(/\n$/, ''));
        },
      ),
    );
  });

  it('gives the same text however the plan was stored, and each time', () => {
    const compiled = compileTemplate('{% set xs = [] %}{% for v in vs %}{% set _ = xs.append(v) %}{% endfor %}{{ xs|tojson }}');
    if (!compiled.ok) throw new Error('a template was expected');
    const stored: CompiledTemplate = JSON.parse(JSON.stringify(compiled.template));
    fc.assert(
      fc.property(fc.array(value, { maxLength: 5 }), (vs) => {
        const context = new Map([['vs', vs]]);
        expect(renderJinja(stored, context)).toEqual(renderJinja(compiled.template, context));
      }),
    );
  });

  it('renders a missing variable as nothing, and refuses to look into it', () => {
    expect(textOf('[{{ missing }}{{ d.missing }}]', { d: objectOf([]) })).toBe('[]');
    expect(render('\n{{ missing.x }}')).toEqual({ ok: false, error: 'line 2: "missing" is undefined' });
  });

  it('never changes the values it is given', () => {
    const list: Value = [1, [2]];
    const object = objectOf([['k', [1]]]);
    const before = JSON.stringify([encodeValue(list), encodeValue(object)]);
    expect(textOf('{% set _ = xs.append(3) %}{% set _ = xs[1].append(4) %}{{ xs }}', { xs: list })).toBe('[1, [2, 4], 3]');
    expect(textOf('{% set _ = d.update({"n": 1}) %}{% set _ = d.k.pop() %}{{ d }}', { d: object })).toBe("{'k': [], 'n': 1}");
    expect(textOf('{% set _ = (xs|attr("app" ~ "end"))(3) %}{{ xs }}', { xs: list })).toBe('[1, [2], 3]');
    expect(JSON.stringify([encodeValue(list), encodeValue(object)])).toBe(before);
  });

  it('reaches nothing of the machine it runs on', () => {
    for (const name of ['constructor', '__proto__', 'prototype', 'toString', 'hasOwnProperty', 'valueOf', 'process', 'globalThis']) {
      expect(
        textOf(`[{{ ${name} }}{{ d.${name} }}{{ d['${name}'] }}{{ xs.${name} }}{{ s.${name} }}{{ 1|attr('${name}') }}]`, {
          d: objectOf([]),
          xs: [1],
          s: 'x',
        }),
        name,
      ).toBe('[]');
      expect(textOf(`{{ d.${name} }}`, { d: objectOf([[name, 'mine']]) }), name).toBe(
        'mine'.repeat(name === '__proto__' || !name.startsWith('__') ? 1 : 0),
      );
      expect(render(`{{ d.${name}.constructor('x') }}`, { d: objectOf([]) }).ok, name).toBe(false);
    }
  });

  it('cannot be made to write the placeholder of a secret', () => {
    const forged = secretPlaceholder({ secret: 'KEY', version: '1' });
    for (const source of ['{{ v }}', '{{ [v]|join }}', '{{ v[0] ~ v[1:] }}', "{{ '\\ufdd0KEY\\ufdd01\\ufdd1' }}", forged]) {
      expect(textOf(source, { v: forged })).not.toMatch(/[\ufdd0\ufdd1]/);
    }
  });

  it('refuses to read a secret', () => {
    const key = { secret: 'KEY', version: '1' };
    expect(render('{{ key }}', { key })).toMatchObject({ ok: false, error: expect.stringContaining('is a secret') });
    expect(render('{{ keys }}', { keys: [key] }).ok).toBe(false);
    expect(render('{{ keys|tojson }}', { keys: [key] }).ok).toBe(false);
    expect(textOf('nothing of it', { key })).toBe('nothing of it');
  });
});

describe('limits', () => {
  it.each([
    '{% for i in range(9999) %}{% for j in range(9999) %}{% endfor %}{% endfor %}',
    '{% set x = [1] %}{% for i in x %}{% set _ = x.append(1) %}{% endfor %}',
    '{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}',
    '{% for x in [[1]] recursive %}{{ loop([x]) }}{% endfor %}',
    '{{ range(10001)|list }}',
    "{{ 'a' * 1000000000 }}",
    '{{ [0] * 1000000000 }}',
    '{{ 10 ** 100000000 }}',
    "{{ 'x'|center(1000000000) }}",
    "{{ '%1000000000d' % 5 }}",
    "{{ '%.1000000000f' % 5 }}",
    "{{ '{:>1000000000}'.format(1) }}",
    "{{ 'a'.replace('', 'b' * 300000).replace('b', 'c' * 300000) }}",
    "{% set ns = namespace(x='aa') %}{% for i in range(99) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
    '{% set ns = namespace(x=[1]) %}{% for i in range(99) %}{% set ns.x = ns.x + ns.x %}{% endfor %}',
    '{% set ns = namespace(x=[1]) %}{% for i in range(99) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}',
    '{% set ns = namespace(x=[1]) %}{% for i in range(99) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x|tojson }}',
    '{% set ns = namespace(x=[1], y=[1]) %}{% for i in range(99) %}{% set ns.x = [ns.x, ns.x] %}{% set ns.y = [ns.y, ns.y] %}{% endfor %}{{ ns.x == ns.y }}',
    '{% set l = [] %}{% set _ = l.append(l) %}{{ l }}',
    "{{ 'x' * 400001 }}",
    "{% set s = 'a b ' * 90000 %}{% for i in range(9999) %}{% set _ = s|wordwrap(3)|striptags %}{% endfor %}",
    "{% set s = 'a b ' * 90000 %}{% for i in range(9999) %}{% set _ = s.replace('a', 'b') %}{% endfor %}",
  ])('stop %s', (source) => {
    expect(render(source)).toMatchObject({ ok: false, error: expect.stringMatching(/^line 1: /) });
  });

  it('count characters, not units', () => {
    expect(render("{{ '😀' * 400000 }}").ok).toBe(true);
    expect(render('{{ a }}{{ a }}', { a: 'xxxxx' }, { ...DEFAULT_LIMITS, output: 10 })).toEqual({ ok: true, text: 'xxxxxxxxxx' });
    expect(render('{{ a }}{{ a }}!', { a: 'xxxxx' }, { ...DEFAULT_LIMITS, output: 10 }).ok).toBe(false);
  });

  it.each([
    "{{ (' ' * 390000 ~ 'x')|wordwrap(10) }}",
    "{{ ('a-' * 190000)|wordwrap(10)|length }}",
    "{{ ('<' * 390000)|striptags|length }}",
    "{{ ('(' * 390000)|urlize|length }}",
    "{{ ('&a' * 190000)|striptags|length }}",
    "{{ (' ' * 390000 ~ 'x').strip() }}",
    "{{ ('a_' * 190000)|urlize|length }}",
  ])('let %s end in good time', (source) => {
    const start = performance.now();
    expect(render(source).ok).toBe(true);
    expect(performance.now() - start).toBeLessThan(5000);
  });
});
