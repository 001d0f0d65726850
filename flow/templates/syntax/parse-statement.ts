import type { TokenCursor } from './cursor.ts';
import { parseExpression, parseFilters, parseTuple } from './parse-expression.ts';
import { parseTarget, parseTargetName } from './parse-target.ts';
import type { ExpressionNode, ForNode, IfNode, ParameterNode, StatementNode, TargetNode } from './tree.ts';

/** Parses a template up to its end. */
export function parseTemplate(cursor: TokenCursor): readonly StatementNode[] {
  const body = parseBody(cursor, []);
  if (!cursor.is('end')) cursor.fail('the template goes on after its end');
  return body;
}

/** Parses text, prints and tags until a tag of one of the names in `ends`, whose "{%" is then taken. */
function parseBody(cursor: TokenCursor, ends: readonly string[]): readonly StatementNode[] {
  const body: StatementNode[] = [];
  while (!cursor.is('end')) {
    const { type, text, offset } = cursor.next();
    if (type === 'data') {
      body.push({ k: 'text', text, offset });
    } else if (type === 'print-begin') {
      body.push({ k: 'print', value: parseTuple(cursor), offset });
      cursor.expect('print-end', '"}}"');
    } else {
      if (ends.some((name) => cursor.isName(name))) return body;
      body.push(...cursor.nested(() => parseTag(cursor, ends)));
      cursor.expect('tag-end', '"%}"');
    }
  }
  return body;
}

/** The body of a tag, up to and with the name of the tag that ends it. */
function parseBlock(
  cursor: TokenCursor,
  tag: { readonly name: string; readonly offset: number },
  ends: readonly string[],
): readonly StatementNode[] {
  cursor.skip(':');
  cursor.expect('tag-end', '"%}"');
  const body = parseBody(cursor, ends);
  if (cursor.is('end'))
    cursor.fail(`the tag "${tag.name}" is not closed: ${ends.map((end) => `{% ${end} %}`).join(' or ')} is missing`, tag.offset);
  return body;
}

type ParseTag = (cursor: TokenCursor, offset: number) => readonly StatementNode[];

const TAGS: ReadonlyMap<string, ParseTag> = new Map<string, ParseTag>([
  ['if', (cursor, offset) => [parseIf(cursor, offset)]],
  ['for', (cursor, offset) => [parseFor(cursor, offset)]],
  ['set', (cursor, offset) => [parseSet(cursor, offset)]],
  ['macro', (cursor, offset) => [parseMacro(cursor, offset)]],
  ['call', (cursor, offset) => [parseCallBlock(cursor, offset)]],
  ['filter', (cursor, offset) => [parseFilterBlock(cursor, offset)]],
  ['with', (cursor, offset) => [parseWith(cursor, offset)]],
  ['print', parsePrint],
  ['autoescape', (cursor, offset) => [parseAutoescape(cursor, offset)]],
]);

const NOT_SUPPORTED: ReadonlyMap<string, string> = new Map([
  ...['include', 'import', 'from', 'extends', 'block'].map((name): [string, string] => [
    name,
    `the tag "${name}" is not supported: a template of a flow stands alone, write its text here or use a macro`,
  ]),
  ['do', 'the tag "do" is not part of Jinja\'s defaults: write {% set _ = … %}'],
  ['break', 'the tag "break" is not part of Jinja\'s defaults: filter the loop with {% for … if … %}'],
  ['continue', 'the tag "continue" is not part of Jinja\'s defaults: put the rest of the loop into {% if %}'],
  ['trans', 'the tag "trans" is not part of Jinja\'s defaults: write the text itself'],
  ['debug', 'the tag "debug" is not part of Jinja\'s defaults'],
]);

function parseTag(cursor: TokenCursor, ends: readonly string[]): readonly StatementNode[] {
  const tag = cursor.expect('name', 'the name of a tag');
  const parse = TAGS.get(tag.text);
  if (parse !== undefined) return parse(cursor, tag.offset);
  const expected = ends.length === 0 ? '' : `; ${ends.map((end) => `{% ${end} %}`).join(' or ')} was expected`;
  return cursor.fail(NOT_SUPPORTED.get(tag.text) ?? `unknown tag "${tag.text}"${expected}`, tag.offset);
}

function parseIf(cursor: TokenCursor, offset: number): IfNode {
  const tag = { name: 'if', offset };
  const ends = ['elif', 'else', 'endif'];
  const elifs: IfNode[] = [];
  const first = { offset, test: parseTuple(cursor, { choice: false }), body: parseBlock(cursor, tag, ends) };
  let otherwise: readonly StatementNode[] = [];
  for (;;) {
    const end = cursor.next();
    if (end.text === 'elif') {
      const test = parseTuple(cursor, { choice: false });
      elifs.push({ k: 'if', test, body: parseBlock(cursor, tag, ends), elifs: [], otherwise: [], offset: end.offset });
      continue;
    }
    if (end.text === 'else') {
      otherwise = parseBlock(cursor, tag, ['endif']);
      cursor.next();
    }
    return { k: 'if', ...first, elifs, otherwise };
  }
}

function parseFor(cursor: TokenCursor, offset: number): ForNode {
  const tag = { name: 'for', offset };
  const target = parseTarget(cursor, { endsAt: (at) => at.isName('in') });
  cursor.expectName('in');
  const iterable = parseTuple(cursor, { choice: false, endsAt: (at) => at.isName('recursive') });
  const test = cursor.skipName('if') ? parseExpression(cursor) : null;
  const recursive = cursor.skipName('recursive');
  const body = parseBlock(cursor, tag, ['endfor', 'else']);
  let otherwise: readonly StatementNode[] = [];
  if (cursor.next().text === 'else') {
    otherwise = parseBlock(cursor, tag, ['endfor']);
    cursor.next();
  }
  return { k: 'for', target, iterable, body, otherwise, test, recursive, offset };
}

function parseSet(cursor: TokenCursor, offset: number): StatementNode {
  const target = parseTarget(cursor, { namespaces: true });
  if (cursor.skip('=')) return { k: 'set', target, value: parseTuple(cursor), offset };
  const filter = parseFilters(cursor, null);
  const body = parseBlock(cursor, { name: 'set', offset }, ['endset']);
  cursor.next();
  return { k: 'set-block', target, filter, body, offset };
}

function parseMacro(cursor: TokenCursor, offset: number): StatementNode {
  const name = parseTargetName(cursor).name;
  const parameters = parseParameters(cursor);
  const body = parseBlock(cursor, { name: 'macro', offset }, ['endmacro']);
  cursor.next();
  return { k: 'macro', name, parameters, body, offset };
}

function parseCallBlock(cursor: TokenCursor, offset: number): StatementNode {
  const parameters = cursor.is('(') ? parseParameters(cursor) : [];
  const call = parseExpression(cursor);
  if (call.k !== 'call') return cursor.fail('a call was expected after "call", such as {% call macro() %}', call.offset);
  const body = parseBlock(cursor, { name: 'call', offset }, ['endcall']);
  cursor.next();
  return { k: 'call-block', call, parameters, body, offset };
}

function parseParameters(cursor: TokenCursor): readonly ParameterNode[] {
  const parameters: ParameterNode[] = [];
  cursor.expect('(', '"("');
  while (!cursor.is(')')) {
    if (parameters.length > 0) cursor.expect(',', '"," or ")"');
    const name = parseTargetName(cursor);
    if (parameters.some((known) => known.name.name === name.name)) cursor.fail(`the parameter ${name.name} is named twice`, name.offset);
    const value = cursor.skip('=') ? parseExpression(cursor) : null;
    const previous = parameters.at(-1);
    if (value === null && previous !== undefined && previous.default !== null)
      cursor.fail('a parameter without a default follows one with a default');
    parameters.push({ name: { ...name, use: 'parameter' }, default: value });
  }
  cursor.next();
  return parameters;
}

function parseFilterBlock(cursor: TokenCursor, offset: number): StatementNode {
  const filter = parseFilters(cursor, null, true) ?? cursor.fail('the name of a filter was expected');
  const body = parseBlock(cursor, { name: 'filter', offset }, ['endfilter']);
  cursor.next();
  return { k: 'filter-block', filter, body, offset };
}

function parseWith(cursor: TokenCursor, offset: number): StatementNode {
  const targets: TargetNode[] = [];
  const values: ExpressionNode[] = [];
  while (!cursor.is('tag-end')) {
    if (targets.length > 0) cursor.expect(',', '","');
    targets.push(parseTarget(cursor, { use: 'parameter' }));
    cursor.expect('=', '"="');
    values.push(parseExpression(cursor));
  }
  const body = parseBlock(cursor, { name: 'with', offset }, ['endwith']);
  cursor.next();
  return { k: 'with', targets, values, body, offset };
}

function parsePrint(cursor: TokenCursor, offset: number): readonly StatementNode[] {
  const prints: StatementNode[] = [];
  while (!cursor.is('tag-end')) {
    if (prints.length > 0) cursor.expect(',', '","');
    prints.push({ k: 'print', value: parseExpression(cursor), offset });
  }
  return prints;
}

// Without escaping the tag is only a scope of its own.
function parseAutoescape(cursor: TokenCursor, offset: number): StatementNode {
  const option = parseExpression(cursor);
  if (option.k !== 'constant' || option.value !== false) {
    cursor.fail('automatic escaping is not supported: write {% autoescape false %}, and |escape where it is needed', option.offset);
  }
  const body = parseBlock(cursor, { name: 'autoescape', offset }, ['endautoescape']);
  cursor.next();
  return { k: 'with', targets: [], values: [], body, offset };
}
