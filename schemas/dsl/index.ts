export {
  dslEdgeSchema,
  dslHeadSchema,
  dslNodeSchema,
  dslVariableSchema,
  flowMappingSchema,
  type DslEdge,
  type DslHead,
  type DslNode,
  type DslVariable,
} from './app.ts';
export { agentDataSchema, agentModelSchema, agentToolSchema } from './agent.ts';
export { humanInputDataSchema } from './human-input.ts';
export { nodeCommonSchema, type NodeCommon } from './common.ts';
export {
  aggregatorDataSchema,
  answerDataSchema,
  codeDataSchema,
  endDataSchema,
  ifElseDataSchema,
  iterationDataSchema,
  loopDataSchema,
  startDataSchema,
  templateDataSchema,
  type ConditionData,
} from './nodes.ts';
export { assignerDataSchema, assignerV1DataSchema } from './assigner.ts';
export { listOperatorDataSchema } from './list-operator.ts';
export {
  llmDataSchema,
  parameterExtractorDataSchema,
  questionClassifierDataSchema,
  type MemoryData,
  type VisionData,
} from './model-nodes.ts';
export { httpRequestDataSchema, type HttpRequestData } from './http-request.ts';
export { documentExtractorDataSchema, knowledgeRetrievalDataSchema, toolDataSchema, toolInputSchema } from './outside-nodes.ts';
export { pluginTriggerDataSchema, scheduleTriggerDataSchema, webhookTriggerDataSchema } from './triggers.ts';
