import type { BinaryOperator, CompareOperator } from './ast.ts';
import { describeToken, type TokenCursor } from './cursor.ts';
import { constantOf, floatNode, integerNode, parseDict, parseList } from './parse-literal.ts';
import { parseArguments } from './parse-arguments.ts';
import { parseDot, parseSubscript } from './parse-subscript.ts';
import type { ExpressionNode, FilterNode } from './tree.ts';

// Literals, arguments and subscripts hold expressions: they are given the parser of expressions, so that no file needs itself.

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
    else if (cursor.is('[')) node = parseSubscript(cursor, node, parseExpression);
    else if (cursor.is('(')) node = { k: 'call', of: node, offset: cursor.current.offset, args: parseArguments(cursor, parseExpression) };
    else return node;
  }
}

function parseFiltersAndTests(cursor: TokenCursor, start: ExpressionNode): ExpressionNode {
  let node = start;
  for (;;) {
    if (cursor.is('|')) node = parseFilters(cursor, node) ?? node;
    else if (cursor.isName('is')) node = parseTest(cursor, node);
    // A call may follow a filter or a test as well.
    else if (cursor.is('(')) node = { k: 'call', of: node, offset: cursor.current.offset, args: parseArguments(cursor, parseExpression) };
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
    node = { k: 'filter', of: node, name, args: cursor.is('(') ? parseArguments(cursor, parseExpression) : NO_ARGUMENTS, offset };
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
  const args = cursor.is('(') ? parseArguments(cursor, parseExpression) : { ...NO_ARGUMENTS, positional: parseTestArgument(cursor) };
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

/** A name, a literal, or an expression in brackets. */
export function parsePrimary(cursor: TokenCursor): ExpressionNode {
  const token = cursor.current;
  const { offset } = token;
  switch (token.type) {
    case 'name': {
      cursor.next();
      const value = constantOf(token.text);
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
      return { k: 'list', items: parseList(cursor, parseExpression), offset };
    case '{':
      return { k: 'dict', entries: parseDict(cursor, parseExpression), offset };
    default:
      return cursor.fail(`an expression was expected, not ${describeToken(token)}`);
  }
}
