import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { objectOf, type Json, type Value } from '../../schemas/core.ts';
import type { Lookup } from '../text/index.ts';
import {
  compileCondition,
  conditionProblem,
  conditionSelectors,
  evaluateCases,
  evaluateCondition,
  evaluateConditions,
  OPERATORS,
  type IfElseCase,
} from './index.ts';

const is = (name: string, value: string) => compileCondition({ selector: ['n', name], operator: 'is', value });
const pool =
  (values: Readonly<Record<string, Value>>, reads: string[] = []): Lookup =>
  ([, name = '']) => {
    reads.push(name);
    return Object.hasOwn(values, name) ? values[name] : undefined;
  };

describe('evaluateCases', () => {
  const cases: readonly IfElseCase[] = [
    { caseId: 'both', logicalOperator: 'and', conditions: [is('a', '1'), is('b', '1')] },
    { caseId: 'either', logicalOperator: 'or', conditions: [is('a', '1'), is('c', '1')] },
  ];

  it.each<[string, Record<string, Value>, string | null, string[]]>([
    ['the first case that holds', { a: '1', b: '1' }, 'both', ['a', 'b']],
    ['a later case, or stops at its first true condition', { a: '1', b: '0' }, 'either', ['a', 'b', 'a']],
    ['and stops at its first false condition', { a: '0', c: '1' }, 'either', ['a', 'a', 'c']],
    ['none', { a: '0', c: '0' }, null, ['a', 'a', 'c']],
  ])('selects %s', (_name, values, selected, expectedReads) => {
    const reads: string[] = [];
    expect(evaluateCases(cases, pool(values, reads))).toEqual({ ok: true, selected });
    expect(reads).toEqual(expectedReads);
  });

  it('fails for a variable that does not exist, when it is reached', () => {
    const result = evaluateCases(cases, pool({ a: '1' }));
    expect(result).toMatchObject({ ok: false, error: { type: 'ValueError', message: expect.stringContaining('n.b does not exist') } });
  });

  it('takes a case without conditions as true for and, false for or', () => {
    expect(evaluateCases([{ caseId: 'x', logicalOperator: 'and', conditions: [] }], pool({}))).toEqual({ ok: true, selected: 'x' });
    expect(evaluateCases([{ caseId: 'x', logicalOperator: 'or', conditions: [] }], pool({}))).toEqual({ ok: true, selected: null });
  });
});

describe('compileCondition', () => {
  it('gives plain data that survives JSON', () => {
    const condition = compileCondition({ selector: ['n', 'a'], operator: 'in', value: ['x', 'y'], varType: 'string' });
    expect(JSON.parse(JSON.stringify(condition))).toEqual(condition);
  });

  it('lists the selectors of the variable and of the template', () => {
    expect(conditionSelectors(is('a', '{{#n.b#}} and {{#m.c.d#}}'))).toEqual([
      ['n', 'a'],
      ['n', 'b'],
      ['m', 'c', 'd'],
    ]);
  });

  it.each<[string, Json, RegExp]>([
    ['~', 'x', /unknown comparison operator "~"/],
    ['is', [1, 2], /must be a text, a list of texts, or a boolean/],
    ['is', { a: 1 }, /must be a text/],
    ['=', 2, /must be a text/],
  ])('names the problem of operator %s with %j, and evaluation fails', (operator, value, message) => {
    const condition = compileCondition({ selector: ['n', 'a'], operator, value });
    expect(conditionProblem(condition)).toMatch(message);
    expect(evaluateConditions([condition], 'and', pool({ a: 'x' }))).toMatchObject({ ok: false });
  });
});

describe('evaluateCondition', () => {
  it('never decides on a secret that was not filled in', () => {
    const actual = { secret: 'KEY', version: '1' };
    for (const operator of OPERATORS) {
      expect(evaluateCondition({ operator, actual, expected: 'x' }), operator).toMatchObject({ ok: false });
    }
  });

  it.each([
    ['is', 'is not'],
    ['contains', 'not contains'],
    ['in', 'not in'],
    ['=', '≠'],
    ['empty', 'not empty'],
    ['null', 'not null'],
    ['exists', 'not exists'],
  ])('%s and %s are opposites wherever both decide, but for null', (operator, opposite) => {
    const actual = fc.oneof(fc.string(), fc.boolean(), fc.integer(), fc.array(fc.string()));
    const expected = fc.oneof(fc.string(), fc.boolean(), fc.array(fc.string()));
    fc.assert(
      fc.property(actual, expected, (a, e) => {
        const one = evaluateCondition({ operator, actual: a, expected: e });
        const other = evaluateCondition({ operator: opposite, actual: a, expected: e });
        expect(one.ok).toBe(other.ok);
        if (one.ok && other.ok) expect(one.result).toBe(!other.result);
      }),
    );
  });
});

describe('conditions on files', () => {
  const file = (attributes: Record<string, Value>): Value =>
    objectOf([['dify_model_identity', '__dify__file__'], ...Object.entries(attributes)]);
  const photo = file({ type: 'image', filename: 'p.png', extension: '.png', size: 9 });
  const paper = file({ type: 'document', filename: 'd.pdf', extension: '.pdf', size: 90 });

  const check = (files: readonly Value[], key: string, operator: string, value: Json) =>
    evaluateConditions(
      [
        compileCondition({
          selector: ['n', 'files'],
          operator: 'contains',
          value: null,
          subConditions: { logical_operator: 'and', conditions: [{ key, comparison_operator: operator, value }] },
        }),
      ],
      'and',
      pool({ files }),
    );

  it.each<[string, readonly Value[], string, string, Json, boolean]>([
    ['any file of a type', [photo, paper], 'type', 'is', 'image', true],
    ['no file of a type', [paper], 'type', 'is', 'image', false],
    ['a list of types', [photo], 'type', 'in', ['image', 'video'], true],
    ['not: all files must differ', [photo, paper], 'type', 'is not', 'image', false],
    ['an extension without its dot', [photo], 'extension', 'is', 'png', true],
    ['a size', [photo, paper], 'size', '>', '50', true],
    ['a name', [photo], 'name', 'contains', 'p.', true],
    ['no files, a positive operator', [], 'type', 'is', 'image', false],
    ['no files, a negation', [], 'type', 'is not', 'image', true],
  ])('%s', (_name, files, key, operator, value, result) => {
    expect(check(files, key, operator, value)).toEqual({ ok: true, result });
  });

  it('fails for an attribute that files do not have', () => {
    expect(check([photo], 'colour', 'is', 'red')).toMatchObject({ ok: false });
    expect(check([], 'colour', 'is', 'red')).toMatchObject({ ok: false });
  });

  it('fails for files that are compared as a whole', () => {
    const whole = compileCondition({ selector: ['n', 'files'], operator: 'contains', value: 'p.png' });
    expect(evaluateConditions([whole], 'and', pool({ files: [photo] }))).toMatchObject({ ok: false });
    expect(evaluateConditions([whole], 'and', pool({ files: [] }))).toEqual({ ok: true, result: false });
  });
});
