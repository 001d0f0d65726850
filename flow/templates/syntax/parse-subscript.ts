import { describeToken, type TokenCursor } from './cursor.ts';
import { integerNode, type ParseExpression } from './parse-literal.ts';
import type { ExpressionNode } from './tree.ts';

/** An attribute or an index after a dot. */
export function parseDot(cursor: TokenCursor, of: ExpressionNode): ExpressionNode {
  const { offset } = cursor.next();
  const token = cursor.next();
  if (token.type === 'name') return { k: 'attribute', of, name: token.text, offset };
  if (token.type !== 'integer') cursor.fail(`a name or a number was expected after ".", not ${describeToken(token)}`, token.offset);
  return { k: 'item', of, at: integerNode(token.text, token.offset), offset };
}

/** An item or a slice in square brackets. */
export function parseSubscript(cursor: TokenCursor, of: ExpressionNode, parse: ParseExpression): ExpressionNode {
  const { offset } = cursor.next();
  const items: ExpressionNode[] = [];
  while (!cursor.is(']')) {
    if (items.length > 0) cursor.expect(',', '","');
    const start = cursor.is(':') ? null : parse(cursor);
    if (!cursor.is(':')) {
      items.push(start ?? cursor.fail('an expression was expected'));
      continue;
    }
    if (items.length > 0) cursor.fail('a slice cannot stand in a list of subscripts');
    const [stop, step] = parseSliceRest(cursor, parse);
    if (cursor.is(',')) cursor.fail('a slice cannot stand in a list of subscripts');
    cursor.expect(']', '"]"');
    return { k: 'slice', of, start, stop, step, offset };
  }
  cursor.expect(']', '"]"');
  const [only] = items;
  return { k: 'item', of, at: items.length === 1 && only !== undefined ? only : { k: 'tuple', items, offset }, offset };
}

function parseSliceRest(cursor: TokenCursor, parse: ParseExpression): readonly [stop: ExpressionNode | null, step: ExpressionNode | null] {
  const part = (): ExpressionNode | null => (cursor.is(':') || cursor.is(']') || cursor.is(',') ? null : parse(cursor));
  cursor.expect(':', '":"');
  const stop = part();
  return [stop, cursor.skip(':') ? part() : null];
}
