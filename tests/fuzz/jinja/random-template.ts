import type { Random } from './random.ts';
import {
  FILTER_FORMS,
  FORMAT_SPECS,
  LITERALS,
  METHOD_FORMS,
  PERCENT_FORMATS,
  TEST_FORMS,
  TEXT_PIECES,
  type Kind,
} from './template-words.ts';

/** The variables that random templates use, as JSON text: 1.0 is a float. */
export const TEMPLATE_CONTEXT = `{
  "name": "Ann", "text": "  Hello risk <b>World</b> & \\"co\\"  ", "empty": "", "zh": "风险控制团队", "url": "https://a.b/c?d=e f&g=风", "lines": "l1\\nl2\\n\\nl3",
  "strnum": "42", "mixed": "heLLo wORLD it's a-b", "html": "<p>a &lt; b</p><!-- c --> x", "odd": "\\ta\\u00a0b\\r\\nc\\u2028d İı\\u0000ﬀ",
  "para": "Visit http://example.com/a_(b), www.x.org. or mail me@x.io; the-quick-brown fox  jumps over averyverylongwordindeed!",
  "items": [{"n": "a", "score": 0.91, "tags": ["x", "y"], "ok": true}, {"n": "b", "score": 0.4, "tags": [], "ok": false}, {"n": "c", "score": 0.75, "tags": ["z"], "ok": true}],
  "rows": [{"n": "B", "score": 2, "tags": "q", "ok": null, "g": 1}, {"n": "a", "score": 1.0, "tags": ["x"], "ok": 1, "g": 1.0}, {"n": "A", "score": -1, "tags": [], "ok": 0, "g": 2}],
  "nums": [3, 1, 2, 3], "floats": [1.0, 2.5, -0.5, 1e20], "words": ["banana", "Apple", "cherry", "apple", "Émile"],
  "d": {"k1": "v1", "k2": 2, "items": "shadow"}, "caps": {"b": 1, "A": 3, "a": 2.0, "B": "x"}, "deep": [[1, [2, {"k": [3.0, null]}]], "s"],
  "nested": {"a": {"b": [1, {"c": "deep"}]}}, "pi": 3.14159, "neg": -2.5, "big": 1234567.891, "flag": true, "ten": 10, "zero": 0, "half": 0.5, "huge": 123456789012345678901, "nothing": null
}`;

const KINDS = ['text', 'number', 'list', 'dict', 'any', 'texts', 'rows', 'numbers'] as const;

/** Source of a template that a seed decides. Most of them render; some fail, as they should. */
export function randomTemplate(random: Random): string {
  return joined(1 + random.below(2), () => statement(random, 3), random.pick(['', ' ', '\n', '|']));
}

const joined = (count: number, make: () => string, separator: string): string => Array.from({ length: count }, make).join(separator);

function expression(random: Random, kind: Kind, depth: number): string {
  if (depth <= 0 || random.chance(0.25)) return literal(random, kind);
  const wanted = random.chance(0.03) ? random.pick(KINDS) : kind;
  const make = random.pick([
    filtered,
    filtered,
    filtered,
    filtered,
    called,
    operated,
    operated,
    indexed,
    conditional,
    collected,
    formatted,
  ]);
  return make(random, wanted, depth - 1);
}

function literal(random: Random, kind: Kind): string {
  if (kind === 'text' && random.chance(0.35)) return randomText(random);
  if (kind === 'number' && random.chance(0.35)) return randomNumber(random);
  return random.pick(LITERALS[random.chance(0.02) ? random.pick(KINDS) : kind]);
}

const randomText = (random: Random): string =>
  `'${joined(random.below(7), () => random.pick(TEXT_PIECES), random.pick(['', ' ', ' ', '-', '\\n']))}'`;

function randomNumber(random: Random): string {
  const digits = joined(1 + random.below(random.pick([2, 5, 18])), () => String(random.below(10)), '').replace(/^0+(?=\d)/, '');
  const fraction = joined(1 + random.below(random.pick([2, 4, 17])), () => String(random.below(10)), '');
  return random.pick([
    digits,
    `-${digits}`,
    `${digits}.${fraction}`,
    `-${digits}.${fraction}`,
    `${digits}.${fraction}e${random.pick(['', '-', '+'])}${random.below(random.pick([3, 20, 300]))}`,
    `0.${'0'.repeat(random.below(6))}${fraction}`,
    `${random.below(200)}.5`,
    `${random.below(100)}.${random.below(10)}5`,
  ]);
}

const SUITS: Readonly<Record<Kind, readonly Kind[]>> = {
  text: ['text'],
  number: ['number'],
  list: ['list', 'texts', 'rows', 'numbers'],
  dict: ['dict'],
  any: KINDS,
  texts: ['texts', 'list'],
  rows: ['rows', 'list'],
  numbers: ['numbers', 'list'],
};
const of = <T>(random: Random, items: readonly T[], otherwise: T): T => items[random.below(items.length)] ?? otherwise;

function filtered(random: Random, kind: Kind, depth: number): string {
  const fitting = FILTER_FORMS.filter(([, , gives]) => SUITS[kind].includes(gives));
  const form = of(random, fitting.length === 0 ? FILTER_FORMS : fitting, FILTER_FORMS[0]);
  if (form === undefined) return literal(random, kind);
  const [name, takes, , forms] = form;
  const args = random.pick(forms).replace(/@(\w+)/g, (_, wanted: Kind) => expression(random, wanted, depth - 1));
  const operand = expression(random, random.chance(0.96) ? takes : random.pick(KINDS), depth);
  const tail = kind === 'text' || !random.chance(0.7) || !['list', 'rows'].includes(form[2]) ? '' : '|list';
  return `${operand.includes(' ') && random.chance(0.8) ? `(${operand})` : operand}|${name}${args}${tail}`;
}

function called(random: Random, kind: Kind, depth: number): string {
  const on = random.pick(['text', 'text', 'text', 'dict', 'list', 'number'] as const);
  const [form] = of(
    random,
    METHOD_FORMS[on].filter(([, gives]) => SUITS[kind].includes(gives)),
    METHOD_FORMS[on][0] ?? ['', 'any'],
  ) ?? [''];
  return `(${expression(random, on, depth)}).${form}`;
}

function operated(random: Random, kind: Kind, depth: number): string {
  const two = (side: Kind, operators: readonly [string, ...string[]]): string =>
    `(${expression(random, side, depth)} ${random.pick(operators)} ${expression(random, random.chance(0.96) ? side : random.pick(KINDS), depth)})`;
  if (kind === 'text')
    return random.pick<() => string>([
      () => two('text', ['~', '+']),
      () => two('any', ['~']),
      () => `(${expression(random, 'text', depth)} * ${random.below(4)})`,
    ])();
  if (kind === 'number' && random.chance(0.6)) return two('number', ['+', '-', '*', '/', '//', '%', '+', '*']);
  if (kind === 'number')
    return random.pick<() => string>([
      () => `(-${expression(random, 'number', depth)})`,
      () => `(${expression(random, 'number', depth)} ** ${random.pick(['2', '0.5', '-1', '3'])})`,
      () => truth(random, depth),
    ])();
  if (kind === 'dict') return literal(random, 'dict');
  return random.chance(0.5) ? two(kind, ['+']) : truth(random, depth);
}

function truth(random: Random, depth: number): string {
  const a = (kind: Kind): string => expression(random, kind, depth - 1);
  return random.pick<() => string>([
    () => `(${a('number')} ${random.pick(['<', '<=', '>', '>=', '==', '!='])} ${a('number')})`,
    () => `(${a('text')} ${random.pick(['<', '==', '!=', '>='])} ${a('text')})`,
    () => `(${a('any')} ${random.pick(['==', '!=', 'and', 'or'])} ${a('any')})`,
    () => `(${a('any')} ${random.pick(['in', 'not in'])} ${a('list')})`,
    () => `(${a('text')} in ${a('text')})`,
    () => `(${a('any')} is ${random.chance(0.2) ? 'not ' : ''}${random.pick(TEST_FORMS)})`,
    () => `(not ${a('any')})`,
    () => `(${a('number')} < ${a('number')} <= ${a('number')})`,
    () => `(${a('list')} ${random.pick(['<', '=='])} ${a('list')})`,
  ])();
}

const SLICES = [
  '[0]',
  '[-1]',
  '[1:]',
  '[:2]',
  '[::2]',
  '[::-1]',
  '[1:-1]',
  '[5]',
  '[-9:2]',
  '[:]',
  '[2:0:-1]',
  "['k1']",
  '[::0]',
  '[true]',
  '[1.0]',
  "['n']",
  '.0',
  '[0:1]',
  '[none:2]',
  '[9:]',
  '[-2:]',
] as const;
function indexed(random: Random, kind: Kind, depth: number): string {
  const operand = expression(random, kind === 'number' || kind === 'dict' ? 'list' : kind, depth);
  return `(${operand})${random.pick(SLICES)}`;
}

const conditional = (random: Random, kind: Kind, depth: number): string =>
  `(${expression(random, kind, depth)} if ${random.chance(0.5) ? truth(random, depth) : expression(random, 'any', depth - 1)}${random.chance(0.7) ? ` else ${expression(random, kind, depth)}` : ''})`;

function collected(random: Random, kind: Kind, depth: number): string {
  const items = (): string => joined(random.below(4), () => expression(random, 'any', depth - 1), ', ');
  if (kind === 'dict')
    return `{${joined(random.below(4), () => `${random.pick(["'a'", "'B'", '1', '2.5', 'name', "'<'"])}: ${expression(random, 'any', depth - 1)}`, ', ')}}`;
  if (kind === 'text' || kind === 'number') return literal(random, kind);
  return random.chance(0.8) ? `[${items()}]` : `(${items()},)`.replace('(,)', '()');
}

function formatted(random: Random, kind: Kind, depth: number): string {
  if (kind !== 'text' && kind !== 'any') return literal(random, kind);
  const value = (): string => expression(random, random.pick(['number', 'number', 'text', 'any'] as const), depth - 1);
  if (random.chance(0.5)) {
    const text = random.pick(PERCENT_FORMATS);
    const given = text.includes('(')
      ? random.pick(['d', "{'a': 1}", `{'a': ${value()}, 'k1': 2, 'k2': ${value()}}`] as const)
      : text === '%s %s' || text === '%*d'
        ? `(${value()}, ${value()})`
        : value();
    return random.chance(0.5) ? `('${text}' % ${given})` : `('${text}'|format(${given}))`;
  }
  const spec = random.pick(FORMAT_SPECS);
  return random.pick<() => string>([
    () => `'{${spec}}'.format(${value()}, w=7)`,
    () => `'{0${spec}}{1}'.format(${value()}, ${value()}, w=3)`,
    () => `'{a${spec}}'.format(a=${value()}, w='4')`,
    () => `'{0[0]}{a.real}{{}}'.format(${expression(random, 'list', depth - 1)}, a=${expression(random, 'number', 0)})`,
  ])();
}

function statement(random: Random, depth: number): string {
  if (depth <= 0 || random.chance(0.5)) return print(random);
  return random.pick([
    forLoop,
    forLoop,
    forLoop,
    branch,
    setting,
    setBlock,
    macro,
    macro,
    callBlock,
    filterBlock,
    withBlock,
    whitespace,
    namespaces,
    recursive,
    textPieces,
    escaped,
  ])(random, depth - 1);
}

const print = (random: Random): string =>
  `{{${random.pick(['', ' ', '-', ' ', ' '])} ${expression(random, random.pick(KINDS), 1 + random.below(3))} ${random.pick(['', '-', '', ''])}}}`;
const body = (random: Random, depth: number): string =>
  joined(1 + random.below(2), () => statement(random, depth), random.pick(['', ' ', '\n']));
const mark = (random: Random): string => random.pick(['', '', '', '-', '+']);
const tag = (random: Random, text: string): string => `{%${mark(random)} ${text} ${mark(random)}%}`;

const LOOP_WORDS = [
  'loop.index',
  'loop.index0',
  'loop.revindex',
  'loop.revindex0',
  'loop.first',
  'loop.last',
  'loop.length',
  "loop.cycle('o', 'e')",
  'loop.depth',
  'loop.depth0',
  'loop.previtem',
  'loop.nextitem',
  'loop.changed(x)',
  'loop.changed(x, 1)',
  'loop',
  'loop.previtem|default("-")',
  'loop.nextitem is defined',
  'loop.nope',
  'x',
  'x',
  'x',
  'x',
  'y',
] as const;
function forLoop(random: Random, depth: number): string {
  const [target, iterable] = random.pick([
    ['x', expression(random, 'list', 2)],
    ['x', expression(random, 'list', 1)],
    ['x, y', `${expression(random, 'dict', 1)}.items()`],
    ['x, y', `${expression(random, 'dict', 0)}|dictsort`],
    ['x', expression(random, 'numbers', 2)],
    ['x, y', "items|groupby('ok')"],
    ['(x, y)', '[(1, 2), (3, 4)]'],
    ['x, (y, z)', '[(1, (2, 3))]'],
  ] as const);
  const condition = random.chance(0.2) ? ` if ${random.pick([truth(random, 1), 'x', 'loop.index > 1', 'x is string'])}` : '';
  const inner = random.chance(0.7)
    ? `{{ ${random.pick(LOOP_WORDS)} }}${random.chance(0.4) ? '{% if not loop.last %},{% endif %}' : ' '}`
    : body(random, depth);
  const otherwise = random.chance(0.2) ? `{% else %}none` : '';
  return `${tag(random, `for ${target} in ${iterable}${condition}`)}${random.pick(['', '\n', ' '])}${inner}${otherwise}${tag(random, 'endfor')}`;
}

const branch = (random: Random, depth: number): string =>
  `${tag(random, `if ${truth(random, 2)}`)}\n${body(random, depth)}${random.chance(0.5) ? `${tag(random, `elif ${expression(random, 'any', 1)}`)}${body(random, depth)}` : ''}${random.chance(0.6) ? `${tag(random, 'else')} ${body(random, depth)}` : ''}${tag(random, 'endif')}\n`;

const setting = (random: Random, depth: number): string =>
  random.pick<() => string>([
    () => `{% set v = ${expression(random, 'any', 2)} %}{{ v }}`,
    () => `{% set a, b = ${random.pick(['(1, 2)', "'xy'", 'nums', expression(random, 'list', 1)])} %}{{ b }}{{ a }}`,
    () => `{% set x = 1 %}{% for i in nums %}{% set x = x + i %}{{ x }}{% endfor %}{{ x }}`,
    () => `{% set name = ${expression(random, 'text', 2)} %}${body(random, depth)}{{ name|tojson }}`,
    () => `{% if ${truth(random, 1)} %}{% set q = 1 %}{% endif %}{{ q }}{{ q is defined }}`,
  ])();
const setBlock = (random: Random, depth: number): string =>
  `{% set t${random.pick(['', ' | upper', '|trim|e', " | replace('a', 'b')"])} %}${body(random, depth)}{% endset %}{{ t }}{{ t${random.pick(['|length', '', '|e', ' is escaped', '|tojson', " ~ '<'", " + '<'", '|upper'])} }}`;

function macro(random: Random, depth: number): string {
  const head = random.pick(['m(a)', "m(a, b='B')", 'm()', 'm(a, b=a)', 'm(x, y=1, z=none)', 'm(a, caller=none)']);
  const inner = random.pick([
    '[{{ a }}-{{ b }}]',
    '{{ varargs }}',
    '{{ kwargs }}',
    '{{ varargs|join }}{{ kwargs|dictsort }}',
    '{{ caller }}',
    '{{ x }}{{ y }}{{ z }}',
    body(random, depth),
    "{{ a if a is defined else 'u' }}",
    '{% if a %}{{ m(a[1:]) }}{{ a[0] }}{% endif %}',
  ]);
  const use = random.pick([
    "m('A')",
    "m('A', b='C')",
    "m('A', 'C', 3)",
    'm()',
    'm(1, q=2)',
    `m(${expression(random, 'any', 1)})`,
    `m(*nums)`,
    "m(**{'a': 1})",
    'm(*[1], **dict(b=2))',
    'm.name',
    'm.arguments',
    'm.catch_kwargs',
    'm.catch_varargs',
    'm.caller',
    'm.defaults',
    'm(a=1, a=2)',
    "m('abc')|upper",
    'm(1)|e',
    "m(2) ~ '<'",
  ]);
  return `{% macro ${head} ${random.pick(['', '-'])}%}${inner}{% endmacro %}{{ ${use} }}`;
}
const callBlock = (random: Random, depth: number): string =>
  random.pick<() => string>([
    () =>
      `{% macro c(t) %}<{{ t }}>{{ caller() }}</{{ t }}>{% endmacro %}{% call c(${expression(random, 'text', 1)}) %}${body(random, depth)}{% endcall %}`,
    () =>
      `{% macro l(xs) %}{% for x in xs %}{{ caller(x, loop.index) }}{% endfor %}{% endmacro %}{% call(u, i=0) l(${expression(random, 'list', 1)}) %}{{ i }}:{{ u }} {% endcall %}`,
    () =>
      `{% macro c() %}{{ caller.name }}{{ caller.arguments }}{{ caller('x') }}{% endmacro %}{% call${random.pick(['(a)', '', '(a, b)'])} c() %}{{ a }}{% endcall %}`,
  ])();
const filterBlock = (random: Random, depth: number): string =>
  `{% filter ${random.pick(['upper', "replace('a', 'X')", 'trim|title', 'indent(2, true)', 'length', 'wordwrap(6)|e', 'e', 'striptags', 'center(20)', 'wordcount', 'list|join("-")', 'urlencode', 'tojson', 'truncate(9)', 'capitalize'])} %}${body(random, depth)}{% endfilter %}`;
const withBlock = (random: Random, depth: number): string =>
  `{% with ${random.pick(['a = 1, b = 2', `name = ${expression(random, 'any', 1)}`, 'a = 1, b = a', '', 'a, b = (1, 2)'])} %}{{ a }}{{ b }}{{ name }}${body(random, depth)}{% endwith %}{{ a }}`;
const whitespace = (random: Random, depth: number): string =>
  random.pick<() => string>([
    () => `  \n {%- if true -%}  \n x \n {%- endif -%}  \n y`,
    () => `a {#- c -#} b {# d #} c {#+ e -#}\n d`,
    () => `{% raw %}{{ x }}{% endraw %} {%- raw -%} {% y %} {%- endraw -%} z`,
    () => `\n\n${tag(random, 'if true')}\n\t${body(random, depth)}\n\n${tag(random, 'endif')}\n\n`,
    () => `{{- ' x ' -}}  \n{{ ' y ' -}} `,
    () => `{% if 1 %}\r\n a\r{% endif %}\r\nb\n\n`,
    () => `{#- ${random.pick(['', 'x', '{{ a }}', '{% b %}'])} #}\n`,
  ])();
const namespaces = (random: Random, depth: number): string =>
  random.pick<() => string>([
    () =>
      `{% set ns = namespace(t=${expression(random, 'number', 1)}) %}{% for i in ${expression(random, 'numbers', 1)} %}{% set ns.t = ns.t + i %}{% endfor %}{{ ns.t }}`,
    () =>
      `{% set ns = namespace(d, q=1) %}{{ ns.q }}{{ ns.k1 }}{{ ns.zz }}{% set ns.zz = ${expression(random, 'any', depth)} %}{{ ns.zz }}`,
    () => `{% set ns = namespace() %}{% set ns.x %}b{{ name }}{% endset %}{{ ns.x }}{{ ns['x'] }}`,
    () =>
      `{% set c = cycler('a', 'b', ${expression(random, 'any', 1)}) %}{{ c.next() }}{{ c.next() }}{{ c.current }}{{ c.reset() }}{{ c.next() }}`,
    () =>
      `{% set j = joiner(${random.pick(['', "'; '", '1'])}) %}{% for x in ${expression(random, 'list', 1)} %}{{ j() }}{{ x }}{% endfor %}`,
    () =>
      `{{ dict(${random.pick(['', 'a=1', "{'b': 2}, c=3", '[(1, 2)]', 'd'])}) }}{{ range(${random.pick(['3', '1, 4', '0, 9, 4', '3, 0, -1', '-1'])})|list }}`,
  ])();
const recursive = (random: Random): string =>
  random.pick([
    `{% for x in deep recursive %}{% if x is string or x is number or x is none or x is mapping %}{{ x }}{% else %}({{ loop(x) }}){% endif %}{% endfor %}`,
    `{% for x in [[1, [2]], 3] recursive %}{{ loop.depth }}{{ loop.index }}{% if x is iterable %}<{{ loop(x) }}>{% endif %}{{ loop.last }}{% endfor %}`,
    `{% macro r(n) %}{{ n }}{% if n > 0 %},{{ r(n - 1) }}{% endif %}{% endmacro %}{{ r(${random.below(6)}) }}`,
    `{% for x in items recursive %}{{ x.n }}{{ loop.depth0 }}{{ loop.previtem.n if loop.previtem }}{% else %}e{% endfor %}`,
  ]);
const textPieces = (random: Random): string =>
  random.pick([
    'plain {text}',
    '{ {',
    '}}',
    '%}',
    '#}',
    '# not a comment\n',
    '{{ "{{" }}',
    "{{ '%}' }}",
    '{{ "#}" }}',
    '$x',
    '{{\n1\n}}',
    '{{1}}{{2}}',
    '{%if true%}t{%endif%}',
    '\\n',
    '&lt;',
    '{{ "a" "b" }}',
    "{{ '\\x41\\u00e9\\n\\t\\\\' }}",
    '{{ [1,2,] }}{{ {"a":1,} }}{{ (1) }}{{ (1,) }}{{ 1, 2 }}',
    '{% set a = 1, 2 %}{{ a }}',
    '{{ not 1 == 2 }}',
    '{{ 2 ** 3 ** 2 }}{{ -2 ** 2 }}',
    '{{ 1 ~ 2 + 3 }}',
    '{{ 7 - -3 }}{{ +4 }}',
    "{{ 'a' if false }}",
    '{{ a.b.c is defined }}',
    '{{ nums.0 }}',
    "{{ d['k1'] }}{{ d.k1|upper ~ 1 }}",
    '{% print 1, 2 %}',
    '{{ name is string and not name is number }}',
    '{{ "a" in "abc" == true }}',
    '{{ 1 if 2 else 3 if 0 else 4 }}',
    '{{ -1|abs }}',
    '{{ (-1)|abs }}',
    '{{ nums|sum is odd }}',
    '{{ 10 is divisibleby 5 }}',
    '{{ none is none is true }}',
    '{{ [] is sameas [] }}',
  ]);
const escaped = (random: Random, depth: number): string =>
  random.pick<() => string>([
    () => `{% autoescape false %}${body(random, depth)}{% endautoescape %}`,
    () => `{% autoescape true %}${body(random, depth)}{{ '<' ~ name }}{% endautoescape %}`,
    () => `{{ ('<a>'|safe) ~ '<b>' }}{{ ('<a>'|safe) + ${expression(random, 'text', 1)} }}{{ ('%s<'|safe) % '<' }}{{ ('<'|e)|upper }}`,
    () => `{{ ['<'|safe, ${expression(random, 'any', 1)}, '&']|join('<') }}`,
    () =>
      `{% ${random.pick(["include 'x'", "import 'x' as y", "extends 'x'", 'block b', "from 'x' import y", 'do 1', 'break', 'continue', 'trans', 'debug', 'nope', 'endif', 'set', 'for'])} %}`,
  ])();
