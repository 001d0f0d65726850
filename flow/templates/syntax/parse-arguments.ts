import type { TokenCursor } from './cursor.ts';
import type { ParseExpression } from './parse-literal.ts';
import type { ArgumentNodes, ExpressionNode } from './tree.ts';

/** The arguments of a call, filter or test, with their brackets: values, then name=value, then *list, then **map. */
export function parseArguments(cursor: TokenCursor, parse: ParseExpression): ArgumentNodes {
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
      list = parse(cursor);
    } else if (cursor.skip('**')) {
      ensure(map === null);
      map = parse(cursor);
    } else if (cursor.is('name') && cursor.following.type === '=') {
      ensure(map === null);
      const name = cursor.next().text;
      cursor.next();
      if (named.some(([known]) => known === name)) cursor.fail(`the argument ${name} is given twice`, offset);
      named.push([name, parse(cursor)]);
    } else {
      ensure(list === null && map === null && named.length === 0);
      positional.push(parse(cursor));
    }
  }
  cursor.expect(')', '")"');
  return { positional, named, list, map };
}
