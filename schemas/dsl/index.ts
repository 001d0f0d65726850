export { dslSchema, type Dsl } from './app.ts';
export { nodeCommonSchema, type NodeCommon } from './common.ts';
export {
  aggregatorDataSchema,
  answerDataSchema,
  codeDataSchema,
  endDataSchema,
  ifElseDataSchema,
  llmDataSchema,
  questionClassifierDataSchema,
  startDataSchema,
  templateDataSchema,
} from './nodes.ts';
