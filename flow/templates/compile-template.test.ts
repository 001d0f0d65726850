import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileTemplate } from './index.ts';

const problem = (source: string) => {
  const result = compileTemplate(source);
  return result.ok ? undefined : result.errors[0];
};

describe('compileTemplate', () => {
  it.each<[string, number, number, RegExp]>([
    ['{{ name|uper }}', 1, 9, /no filter named "uper"; did you mean "upper"\?/],
    ['a\n  {{ x|frobnicate }}', 2, 8, /no filter named "frobnicate"; there are: abs, attr,/],
    ['{{ xs|random }}', 1, 7, /same inputs must give the same text/],
    ['{{ x is evn }}', 1, 6, /no test named "evn"; did you mean "even"\?/],
    ["{{ xs|map('uper')|list }}", 1, 7, /no filter named "uper"/],
    ["{{ xs|selectattr('a', 'equal')|list }}", 1, 7, /no test named "equal"/],
    ["{% include 'x' %}", 1, 4, /a template of a flow stands alone/],
    ['{% do x.append(1) %}', 1, 4, /write \{% set _ = … %\}/],
    ['{% for x in y %}{% continue %}{% endfor %}', 1, 20, /put the rest of the loop into/],
    ['{% autoescape true %}{% endautoescape %}', 1, 15, /automatic escaping is not supported/],
    ['{% if a %}\n{% frob %}', 2, 4, /unknown tag "frob"; \{% elif %\} or \{% else %\} or \{% endif %\} was expected/],
    ['x {% if a %}', 1, 6, /the tag "if" is not closed/],
    ['{{ a', 1, 1, /"\{\{" is not closed/],
    ['{# a', 1, 1, /a comment is not closed/],
    ['{% raw %} a', 1, 1, /a raw block is not closed/],
    ['{{ a b }}', 1, 6, /"\}\}" was expected, not "b"/],
    ['{{ }}', 1, 4, /an expression was expected, not "\}\}"/],
    ['{{ (1] }}', 1, 6, /unexpected "\]", "\)" was expected/],
    ['{{ a ? b }}', 1, 6, /unexpected character "\?"/],
    ["{{ 'a }}", 1, 4, /unexpected character/],
    ['{% set 1 = 2 %}', 1, 8, /only names can be assigned to/],
    ['{% set none = 2 %}', 1, 8, /only names can be assigned to/],
    ['{% for x in y %}{% set loop = 1 %}{% endfor %}', 1, 24, /"loop" cannot be assigned to/],
    ['{% macro m(caller) %}{{ caller() }}{% endmacro %}', 1, 12, /"caller" needs a default/],
    ['{% macro m(a=1, b) %}{% endmacro %}', 1, 18, /a parameter without a default/],
    ['{{ f(a=1, 2) }}', 1, 5, /not in order/],
    ['{{ 1e999 }}', 1, 4, /too large/],
    ["{{ '\\x4' }}", 1, 4, /needs 2 hexadecimal digits/],
    ['{{ (1 - 3) ** x }}', 1, 5, /give the base a name/],
  ])('%s is refused at line %i, column %i', (source, line, column, message) => {
    expect(problem(source)).toMatchObject({ line, column, message: expect.stringMatching(message) });
  });

  it.each([
    ['brackets', `{{ ${'('.repeat(500)}1${')'.repeat(500)} }}`],
    ['sums', `{{ 1${' + 1'.repeat(500)} }}`],
    ['attributes', `{{ x${'.a'.repeat(5000)} }}`],
    ['tags', '{% if 1 %}'.repeat(2000) + '{% endif %}'.repeat(2000)],
  ])('refuses %s in each other without end', (_name, source) => {
    expect(problem(source)?.message).toMatch(/nested deeper/);
  });

  it('gives plain data that survives JSON', () => {
    const compiled = compileTemplate(
      "{% macro m(a, b=[1, 2.0, 10 ** 30]) %}{{ a.x[1:]|default({'k': none}) }}{% endmacro %}{% for i, j in xs if i recursive %}{{ loop(j) }}{% endfor %}",
    );
    if (!compiled.ok) throw new Error(compiled.errors[0]?.message);
    expect(JSON.parse(JSON.stringify(compiled.template))).toEqual(compiled.template);
  });

  it('answers every text with a template or with a problem inside it', () => {
    const pieces = [
      '{{',
      '}}',
      '{%',
      '%}',
      '{#',
      '#}',
      '-',
      ' ',
      '\n',
      'if',
      'endif',
      'for',
      'in',
      'set',
      'x',
      "'",
      '"',
      '(',
      ')',
      '[',
      ']',
      '|',
      '.',
      ':',
      '=',
      '1',
      '2.5',
      '~',
      '\\',
      'é',
      '😀',
    ];
    const source = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(fc.constantFrom(...pieces), { maxLength: 12 }).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(source, (text) => {
        const result = compileTemplate(text);
        if (result.ok) return;
        const lines = text.split(/\r\n|\r|\n/);
        for (const { line, column, message } of result.errors) {
          expect(message).not.toBe('');
          expect(line).toBeLessThanOrEqual(lines.length);
          expect(column).toBeLessThanOrEqual((lines[line - 1]?.length ?? 0) + 1);
        }
        expect(result.errors).toHaveLength(1);
      }),
      { numRuns: 500 },
    );
  });
});
