import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeValue, float, integer, type Value } from '../../schemas/index.ts';
import { compileCondition, conditionSelectors, evaluateCases, evaluateCondition, evaluateConditions, OPERATORS } from './index.ts';

const file = fc
  .record({
    filename: fc.option(fc.string()),
    extension: fc.option(fc.constantFrom('.png', 'png', '')),
    size: fc.integer().map(integer),
    type: fc.string(),
  })
  .map((attributes): Value => new Map<string, Value>([['dify_model_identity', '__dify__file__'], ...Object.entries(attributes)]));

const { value } = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.constantFrom<Value>(null, true, false, '', 'true', '1', ' 10 ', '1.0', 'nan', '[1]', '{{#n.a#}}', '{{#n.#}}'),
    fc.string(),
    fc.integer().map(integer),
    fc.bigInt().map(integer),
    fc.double().map(float),
    fc.constant<Value>({ secret: 's', version: 'v' }),
    file,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.string(), tie('value'), { maxKeys: 3 }).map((entries): Value => new Map(Object.entries(entries))),
  ),
}));
const operator = fc.oneof(fc.constantFrom<string>(...OPERATORS), fc.string());
const ERRORS = ['ValueError', 'TypeError', 'JSONDecodeError', 'OverflowError'];

/** True, false, or an error with one of the known types: nothing else, and nothing thrown. */
function expectDecided(decided: ReturnType<typeof evaluateCondition>): void {
  if (decided.ok) expect(typeof decided.result).toBe('boolean');
  else expect(ERRORS).toContain(decided.error.type);
}

describe('whatever is compared', () => {
  it('is decided or fails with a type', () => {
    fc.assert(
      fc.property(operator, fc.option(value, { nil: undefined }), value, (given, actual, expected) => {
        expectDecided(evaluateCondition({ operator: given, actual, expected }));
      }),
      { numRuns: 3000 },
    );
  });

  it('is decided or fails with a type as the DSL writes it too, with conditions on files of any form', () => {
    const condition = fc
      .record({
        selector: fc.array(fc.string(), { maxLength: 4 }),
        operator,
        value: value.map(encodeValue),
        varType: fc.option(fc.string()),
        subConditions: fc
          .oneof(
            value,
            fc
              .array(
                fc
                  .record({ key: fc.constantFrom('name', 'size', 'extension', 'type', 'x'), comparison_operator: operator, value })
                  .map((entries): Value => new Map(Object.entries(entries))),
              )
              .map(
                (conditions): Value =>
                  new Map<string, Value>([
                    ['logical_operator', 'or'],
                    ['conditions', conditions],
                  ]),
              ),
          )
          .map(encodeValue),
      })
      .map(compileCondition);
    fc.assert(
      fc.property(fc.array(condition, { maxLength: 4 }), fc.option(value, { nil: undefined }), fc.boolean(), (conditions, actual, all) => {
        const logicalOperator = all ? 'and' : 'or';
        expectDecided(evaluateConditions(conditions, logicalOperator, () => actual));
        const cases = evaluateCases([{ caseId: 'c', logicalOperator, conditions }], () => actual);
        expect(cases.ok ? [null, 'c'] : ERRORS).toContain(cases.ok ? cases.selected : cases.error.type);
        expect(conditions.flatMap(conditionSelectors).length).toBeGreaterThanOrEqual(conditions.length);
      }),
      { numRuns: 2000 },
    );
  });
});
