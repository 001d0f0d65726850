export { createEffectExecutor, type EffectDeps } from './perform-effect.ts';
export { storedExecutor, type ReuseKey, type StoredEffectOptions } from './stored-effect.ts';
export { createToolBox, type ToolBoxDeps } from './tools/tool-box.ts';
export { createCallLimiter, type CallLimiter } from './call-limiter.ts';
export { createFileContents, type FileContentsDeps } from './file-contents.ts';
export type { HttpDeps, HttpLimits } from './http-deps.ts';
