import { encodeValue } from '../../schemas/core.ts';
import type { ConditionData } from '../../schemas/index.ts';
import { compileCondition, type Condition } from '../conditions/index.ts';
import { valueOfPlain } from '../import/yaml-values.ts';

/** Conditions as the DSL has them, of a case or of the end of a loop. */
export const compileConditions = (conditions: readonly ConditionData[]): readonly Condition[] =>
  conditions.map((condition) =>
    compileCondition({
      selector: condition.variable_selector,
      operator: condition.comparison_operator,
      value: encodeValue(valueOfPlain(condition.value ?? null)),
      varType: condition.varType ?? null,
      subConditions: encodeValue(valueOfPlain(condition.sub_variable_condition ?? null)),
    }),
  );
