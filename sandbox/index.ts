/** User code, run with least power. */
export { createQuickJsRunner, type QuickJsRunnerOptions } from './quickjs-runner.ts';
export type { SandboxLimits } from './limits.ts';
