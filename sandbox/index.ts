/** User code, run with least power. */
export { createQuickJsRunner, type QuickJsRunnerOptions } from './quickjs-runner.ts';
export { DEFAULT_SANDBOX_LIMITS, type SandboxLimits } from './limits.ts';
