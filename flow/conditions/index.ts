/** The comparisons of if-else nodes and loop breaks. */
export {
  compileCondition,
  conditionProblem,
  conditionSelectors,
  OPERATORS,
  type Condition,
  type Expected,
  type FileCondition,
  type FileConditions,
  type IfElseCase,
  type LogicalOperator,
  type Operator,
  type RawCondition,
} from './condition.ts';
export {
  evaluateCases,
  evaluateCondition,
  evaluateConditions,
  type CasesResult,
  type Comparison,
  type ConditionResult,
} from './evaluate.ts';
export type { ConditionError } from './operators.ts';
