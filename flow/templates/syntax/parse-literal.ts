import type { TokenCursor } from './cursor.ts';
import { TemplateSyntaxError } from './syntax-error.ts';
import type { ExpressionNode } from './tree.ts';

/** The parser of expressions, handed to the parsers of its parts. */
export type ParseExpression = (cursor: TokenCursor) => ExpressionNode;

const CONSTANTS: ReadonlyMap<string, null | boolean> = new Map([
  ['true', true],
  ['True', true],
  ['false', false],
  ['False', false],
  ['none', null],
  ['None', null],
]);

/** The value of true, false or none; undefined for any other name. */
export const constantOf = (name: string): null | boolean | undefined => CONSTANTS.get(name);
export const isConstantName = (name: string): boolean => CONSTANTS.has(name);

/** An integer literal; beyond 2^53 it keeps its digits. */
export function integerNode(literal: string, offset: number): ExpressionNode {
  const text = literal.replaceAll('_', '');
  const value = Number(text);
  return Number.isSafeInteger(value) ? { k: 'constant', value, offset } : { k: 'integer', text: BigInt(text).toString(), offset };
}

/** The items of a list, with its brackets. */
export function parseList(cursor: TokenCursor, parse: ParseExpression): readonly ExpressionNode[] {
  const items: ExpressionNode[] = [];
  cursor.expect('[', '"["');
  while (!cursor.is(']')) {
    if (items.length > 0) cursor.expect(',', '"," or "]"');
    if (!cursor.is(']')) items.push(parse(cursor));
  }
  cursor.next();
  return items;
}

/** The keys and values of a dict, with its braces. */
export function parseDict(cursor: TokenCursor, parse: ParseExpression): readonly (readonly [ExpressionNode, ExpressionNode])[] {
  const entries: [ExpressionNode, ExpressionNode][] = [];
  cursor.expect('{', '"{"');
  while (!cursor.is('}')) {
    if (entries.length > 0) cursor.expect(',', '"," or "}"');
    if (cursor.is('}')) break;
    const key = parse(cursor);
    cursor.expect(':', '":" after a key');
    entries.push([key, parse(cursor)]);
  }
  cursor.next();
  return entries;
}

/** A float literal; an integral one keeps its digits, which tell it from an integer. */
export function floatNode(literal: string, offset: number): ExpressionNode {
  const text = literal.replaceAll('_', '');
  const value = Number(text);
  if (!Number.isFinite(value)) throw new TemplateSyntaxError(`the number ${literal} is too large`, offset);
  return !Number.isInteger(value) ? { k: 'constant', value, offset } : { k: 'float', text, offset };
}
