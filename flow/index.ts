export * from './core.ts';
export {
  importFlow,
  inspectFlow,
  type ImportedFlow,
  type ImportOptions,
  type ImportResult,
  type InspectedFlow,
} from './import/import-flow.ts';
export { nodeTitle, type DefinitionNode, type FlowDefinition } from './import/definition.ts';
export { needsOf, type FlowMapping, type NodeNeeds } from './import/flow-mapping.ts';
export { exportFlow } from './import/export-flow.ts';
export { yamlText } from './import/yaml-text.ts';
export { diffFlows, type ChangedNode, type DiffedVariable, type FlowDiff } from './import/diff-flows.ts';
export type { FieldChange } from './import/field-changes.ts';
export type { FlowIssue } from './plan/issue.ts';
export { compilerOf } from './compilers.ts';
export { evaluateCondition, OPERATORS } from './conditions/index.ts';
export {
  fillSecrets,
  hasSecrets,
  parsePythonFloat,
  parsePythonInteger,
  pythonJson,
  pythonRepr,
  pythonStr,
  renderText,
} from './text/index.ts';
export { modelsOf } from './plan/models-of.ts';
export { flowRaces } from './plan/races.ts';
export { BUILT_IN_TOOLS, builtInTool, isFlowTool } from './tools/catalogue.ts';
export { questionMessages, readCategory } from './nodes/question-classifier/prompt.ts';
export { EXTRACT_TOOL, extractionMessages, extractTool } from './nodes/parameter-extractor/prompt.ts';
export { EXTRACTOR_REPLY } from './nodes/parameter-extractor/conclude.ts';
