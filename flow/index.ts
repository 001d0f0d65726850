export * from './core.ts';
export { importFlow, type ImportedFlow, type ImportResult } from './import/import-flow.ts';
export type { FlowDefinition } from './import/definition.ts';
export { compilerOf } from './compilers.ts';
export { evaluateCondition, OPERATORS } from './conditions/index.ts';
export { fillSecrets, hasSecrets, parsePythonFloat, parsePythonInteger, renderText } from './text/index.ts';
export { modelsOf } from './plan/models-of.ts';
export { flowRaces } from './plan/races.ts';
export { questionMessages, readCategory } from './nodes/question-classifier/prompt.ts';
