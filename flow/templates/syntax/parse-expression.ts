import type { BinaryOperator, CompareOperator } from './ast.ts';
import { describeToken, type TokenCursor } from './cursor.ts';
import { TemplateSyntaxError } from './syntax-error.ts';
import type { ArgumentNodes, ExpressionNode, FilterNode } from './tree.ts';

// The parts of an expression hold expressions again, so all of the grammar of expressions is in this file.

const CONSTANTS: ReadonlyMap<string, null | boolean> = new Map([
  ['true', true],
  ['True', true],
  ['false', false],
  ['False', false],
  ['none', null],
  ['None', null],
]);

export const isConstantName = (name: string): boolean => CONSTANTS.has(name);

/** Parses an expression. Without `choice`, "a if b else c" is left alone, as in the head of a loop. */
export function parseExpression(cursor: TokenCursor, choice = true): ExpressionNode {
  return cursor.nested(() => (choice ? parseChoice(cursor) : parseOr(cursor)));
}

/** Where a list of expressions without brackets may end. */
export type TupleEnd = (cursor: TokenCursor) => boolean;

export type TupleOptions = {
  readonly choice?: boolean;
  /** Whether there are brackets around, so that nothing at all is an empty tuple. */
  readonly brackets?: boolean;
  readonly endsAt?: TupleEnd;
  /** Parses one item; default: an expression. */
  readonly item?: () => ExpressionNode;
};

/** Parses one expression, or several with commas between: a tuple. */
export function parseTuple(cursor: TokenCursor, options: TupleOptions = {}): ExpressionNode {
  const { offset } = cursor.current;
  const items: ExpressionNode[] = [];
  let isTuple = false;
  for (;;) {
    if (items.length > 0) cursor.expect(',', '","');
    if (isTupleEnd(cursor) || options.endsAt?.(cursor) === true) break;
    items.push(options.item === undefined ? parseExpression(cursor, options.choice ?? true) : options.item());
    if (!cursor.is(',')) break;
    isTuple = true;
  }
  const [only] = items;
  if (!isTuple && only !== undefined) return only;
  if (!isTuple && options.brackets !== true) cursor.fail(`an expression was expected, not ${describeToken(cursor.current)}`);
  return { k: 'tuple', items, offset };
}

const isTupleEnd = (cursor: TokenCursor): boolean => cursor.is('print-end') || cursor.is('tag-end') || cursor.is(')');

function parseChoice(cursor: TokenCursor): ExpressionNode {
  const { offset } = cursor.current;
  let then = parseOr(cursor);
  while (cursor.skipName('if')) {
    const test = parseOr(cursor);
    const otherwise = cursor.skipName('else') ? cursor.nested(() => parseChoice(cursor)) : null;
    then = { k: 'choice', test, then, otherwise, offset };
  }
  return then;
}

function parseOr(cursor: TokenCursor): ExpressionNode {
  const { offset } = cursor.current;
  let left = parseAnd(cursor);
  while (cursor.skipName('or')) left = { k: 'or', left, right: parseAnd(cursor), offset };
  return left;
}

function parseAnd(cursor: TokenCursor): ExpressionNode {
  const { offset } = cursor.current;
  let left = parseNot(cursor);
  while (cursor.skipName('and')) left = { k: 'and', left, right: parseNot(cursor), offset };
  return left;
}

function parseNot(cursor: TokenCursor): ExpressionNode {
  const { offset } = cursor.current;
  if (cursor.skipName('not')) return { k: 'not', of: cursor.nested(() => parseNot(cursor)), offset };
  return parseCompare(cursor);
}

function parseCompare(cursor: TokenCursor): ExpressionNode {
  const { offset } = cursor.current;
  const first = parseSum(cursor);
  const rest: { operator: CompareOperator; value: ExpressionNode }[] = [];
  for (let operator = takeComparison(cursor); operator !== undefined; operator = takeComparison(cursor)) {
    rest.push({ operator, value: parseSum(cursor) });
  }
  return rest.length === 0 ? first : { k: 'compare', first, rest, offset };
}

function takeComparison(cursor: TokenCursor): CompareOperator | undefined {
  const { type } = cursor.current;
  if (type === '==' || type === '!=' || type === '<' || type === '<=' || type === '>' || type === '>=') {
    cursor.next();
    return type;
  }
  if (cursor.skipName('in')) return 'in';
  if (cursor.isName('not') && cursor.following.type === 'name' && cursor.following.text === 'in') {
    cursor.next();
    cursor.next();
    return 'not in';
  }
  return undefined;
}

type Level = { readonly operators: readonly BinaryOperator[]; readonly operand: (cursor: TokenCursor) => ExpressionNode };

function parseBinary(cursor: TokenCursor, { operators, operand }: Level): ExpressionNode {
  const { offset } = cursor.current;
  let left = operand(cursor);
  for (;;) {
    const operator = operators.find((candidate) => cursor.is(candidate));
    if (operator === undefined) return left;
    cursor.next();
    left = { k: 'binary', operator, left, right: operand(cursor), offset };
  }
}

const POWER: Level = { operators: ['**'], operand: (cursor) => parseUnary(cursor) };
const PRODUCT: Level = { operators: ['*', '/', '//', '%'], operand: (cursor) => parseBinary(cursor, POWER) };
// In Jinja "~" binds more tightly than "+".
const SUM: Level = { operators: ['+', '-'], operand: parseJoin };

const parseSum = (cursor: TokenCursor): ExpressionNode => parseBinary(cursor, SUM);

function parseJoin(cursor: TokenCursor): ExpressionNode {
  const { offset } = cursor.current;
  const first = parseBinary(cursor, PRODUCT);
  if (!cursor.is('~')) return first;
  const parts = [first];
  while (cursor.skip('~')) parts.push(parseBinary(cursor, PRODUCT));
  return { k: 'join', parts, offset };
}

function parseUnary(cursor: TokenCursor, filters = true): ExpressionNode {
  const { offset } = cursor.current;
  const minus = cursor.skip('-');
  const plus = !minus && cursor.skip('+');
  const node: ExpressionNode =
    minus || plus ? { k: minus ? 'negate' : 'plus', of: cursor.nested(() => parseUnary(cursor, false)), offset } : parsePrimary(cursor);
  const whole = parsePostfix(cursor, node);
  return filters ? parseFiltersAndTests(cursor, whole) : whole;
}

/** Attributes, subscripts and calls after an expression. */
function parsePostfix(cursor: TokenCursor, start: ExpressionNode): ExpressionNode {
  let node = start;
  for (;;) {
    if (cursor.is('.')) node = parseDot(cursor, node);
    else if (cursor.is('[')) node = parseSubscript(cursor, node);
    else if (cursor.is('(')) node = { k: 'call', of: node, offset: cursor.current.offset, args: parseArguments(cursor) };
    else return node;
  }
}

function parseDot(cursor: TokenCursor, of: ExpressionNode): ExpressionNode {
  const { offset } = cursor.next();
  const token = cursor.next();
  if (token.type === 'name') return { k: 'attribute', of, name: token.text, offset };
  if (token.type !== 'integer') cursor.fail(`a name or a number was expected after ".", not ${describeToken(token)}`, token.offset);
  return { k: 'item', of, at: integerNode(token.text, token.offset), offset };
}

function parseSubscript(cursor: TokenCursor, of: ExpressionNode): ExpressionNode {
  const { offset } = cursor.next();
  const items: ExpressionNode[] = [];
  while (!cursor.is(']')) {
    if (items.length > 0) cursor.expect(',', '","');
    const start = cursor.is(':') ? null : parseExpression(cursor);
    if (!cursor.is(':')) {
      items.push(start ?? cursor.fail('an expression was expected'));
      continue;
    }
    if (items.length > 0) cursor.fail('a slice cannot stand in a list of subscripts');
    const [stop, step] = parseSliceRest(cursor);
    if (cursor.is(',')) cursor.fail('a slice cannot stand in a list of subscripts');
    cursor.expect(']', '"]"');
    return { k: 'slice', of, start, stop, step, offset };
  }
  cursor.expect(']', '"]"');
  const [only] = items;
  return { k: 'item', of, at: items.length === 1 && only !== undefined ? only : { k: 'tuple', items, offset }, offset };
}

function parseSliceRest(cursor: TokenCursor): readonly [stop: ExpressionNode | null, step: ExpressionNode | null] {
  const part = (): ExpressionNode | null => (cursor.is(':') || cursor.is(']') || cursor.is(',') ? null : parseExpression(cursor));
  cursor.expect(':', '":"');
  const stop = part();
  return [stop, cursor.skip(':') ? part() : null];
}

function parseFiltersAndTests(cursor: TokenCursor, start: ExpressionNode): ExpressionNode {
  let node = start;
  for (;;) {
    if (cursor.is('|')) node = parseFilters(cursor, node) ?? node;
    else if (cursor.isName('is')) node = parseTest(cursor, node);
    // A call may follow a filter or a test as well.
    else if (cursor.is('(')) node = { k: 'call', of: node, offset: cursor.current.offset, args: parseArguments(cursor) };
    else return node;
  }
}

const NO_ARGUMENTS = { positional: [], named: [], list: null, map: null } as const;

/** Filters after a value; `inline` begins with the name of one, as in a filter block. Null when there is none and no value. */
export function parseFilters<Of extends ExpressionNode | null>(cursor: TokenCursor, of: Of, inline = false): FilterNode | Of {
  let node: FilterNode | Of = of;
  for (let begin = inline; begin || cursor.skip('|'); begin = false) {
    const { offset } = cursor.current;
    const name = parseDottedName(cursor, 'the name of a filter');
    node = { k: 'filter', of: node, name, args: cursor.is('(') ? parseArguments(cursor) : NO_ARGUMENTS, offset };
  }
  return node;
}

function parseDottedName(cursor: TokenCursor, what: string): string {
  let { text } = cursor.expect('name', what);
  while (cursor.skip('.')) text += `.${cursor.expect('name', what).text}`;
  return text;
}

function parseTest(cursor: TokenCursor, of: ExpressionNode): ExpressionNode {
  const { offset } = cursor.next();
  const negated = cursor.skipName('not');
  const name = parseDottedName(cursor, 'the name of a test');
  const args = cursor.is('(') ? parseArguments(cursor) : { ...NO_ARGUMENTS, positional: parseTestArgument(cursor) };
  const test: ExpressionNode = { k: 'test', of, name, args, offset };
  return negated ? { k: 'not', of: test, offset } : test;
}

/** The argument of a test without brackets: one value, when one follows. */
function parseTestArgument(cursor: TokenCursor): readonly ExpressionNode[] {
  const { type, text } = cursor.current;
  const begins = type === 'name' || type === 'string' || type === 'integer' || type === 'float' || type === '[' || type === '{';
  if (!begins || (type === 'name' && (text === 'else' || text === 'or' || text === 'and'))) return [];
  if (cursor.isName('is')) cursor.fail('tests cannot be chained with "is": join them with "and"');
  return [parsePostfix(cursor, parsePrimary(cursor))];
}

/** An integer literal; beyond 2^53 it keeps its digits. */
function integerNode(literal: string, offset: number): ExpressionNode {
  const text = literal.replaceAll('_', '');
  const value = Number(text);
  return Number.isSafeInteger(value) ? { k: 'constant', value, offset } : { k: 'integer', text: BigInt(text).toString(), offset };
}

/** The arguments of a call, filter or test, with their brackets: values, then name=value, then *list, then **map. */
function parseArguments(cursor: TokenCursor): ArgumentNodes {
  const { offset } = cursor.expect('(', '"("');
  const positional: ExpressionNode[] = [];
  const named: [string, ExpressionNode][] = [];
  let list: ExpressionNode | null = null;
  let map: ExpressionNode | null = null;
  const ensure = (right: boolean): void => {
    if (!right) cursor.fail('the arguments are not in order: values, then name=value, then *list, then **map', offset);
  };
  for (let first = true; !cursor.is(')'); first = false) {
    if (!first) cursor.expect(',', '","');
    if (cursor.is(')')) break;
    if (cursor.skip('*')) {
      ensure(list === null && map === null);
      list = parseExpression(cursor);
    } else if (cursor.skip('**')) {
      ensure(map === null);
      map = parseExpression(cursor);
    } else if (cursor.is('name') && cursor.following.type === '=') {
      ensure(map === null);
      const name = cursor.next().text;
      cursor.next();
      if (named.some(([known]) => known === name)) cursor.fail(`the argument ${name} is given twice`, offset);
      named.push([name, parseExpression(cursor)]);
    } else {
      ensure(list === null && map === null && named.length === 0);
      positional.push(parseExpression(cursor));
    }
  }
  cursor.expect(')', '")"');
  return { positional, named, list, map };
}

/** A name, a literal, or an expression in brackets. */
export function parsePrimary(cursor: TokenCursor): ExpressionNode {
  const token = cursor.current;
  const { offset } = token;
  switch (token.type) {
    case 'name': {
      cursor.next();
      const value = CONSTANTS.get(token.text);
      return value === undefined ? { k: 'name', name: token.text, use: 'load', offset } : { k: 'constant', value, offset };
    }
    case 'string': {
      let value = '';
      while (cursor.is('string')) value += cursor.next().text;
      return { k: 'constant', value, offset };
    }
    case 'integer':
      return integerNode(cursor.next().text, offset);
    case 'float':
      return floatNode(cursor.next().text, offset);
    case '(': {
      cursor.next();
      const inner = cursor.nested(() => parseTuple(cursor, { brackets: true }));
      cursor.expect(')', '")"');
      return inner;
    }
    case '[':
      return { k: 'list', items: parseList(cursor), offset };
    case '{':
      return { k: 'dict', entries: parseDict(cursor), offset };
    default:
      return cursor.fail(`an expression was expected, not ${describeToken(token)}`);
  }
}

function parseList(cursor: TokenCursor): readonly ExpressionNode[] {
  const items: ExpressionNode[] = [];
  cursor.expect('[', '"["');
  while (!cursor.is(']')) {
    if (items.length > 0) cursor.expect(',', '"," or "]"');
    if (!cursor.is(']')) items.push(parseExpression(cursor));
  }
  cursor.next();
  return items;
}

function parseDict(cursor: TokenCursor): readonly (readonly [ExpressionNode, ExpressionNode])[] {
  const entries: [ExpressionNode, ExpressionNode][] = [];
  cursor.expect('{', '"{"');
  while (!cursor.is('}')) {
    if (entries.length > 0) cursor.expect(',', '"," or "}"');
    if (cursor.is('}')) break;
    const key = parseExpression(cursor);
    cursor.expect(':', '":" after a key');
    entries.push([key, parseExpression(cursor)]);
  }
  cursor.next();
  return entries;
}

function floatNode(literal: string, offset: number): ExpressionNode {
  const text = literal.replaceAll('_', '');
  const value = Number(text);
  if (!Number.isFinite(value)) throw new TemplateSyntaxError(`the number ${literal} is too large`, offset);
  return !Number.isInteger(value) ? { k: 'constant', value, offset } : { k: 'float', text, offset };
}
