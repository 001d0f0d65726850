import { describeToken, type TokenCursor } from './cursor.ts';
import { integerNode, parseExpression, parseTuple } from './parse-expression.ts';
import { TemplateSyntaxError } from './syntax-error.ts';
import type { ExpressionNode } from './tree.ts';

const CONSTANTS: ReadonlyMap<string, null | boolean> = new Map([
  ['true', true],
  ['True', true],
  ['false', false],
  ['False', false],
  ['none', null],
  ['None', null],
]);

export const isConstantName = (name: string): boolean => CONSTANTS.has(name);

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
