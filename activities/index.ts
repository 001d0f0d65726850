export { createEffectExecutor, type EffectDeps } from './perform-effect.ts';
export { storedExecutor, type ReuseKey, type StoredEffectOptions } from './stored-effect.ts';
export { createCallLimiter, type CallLimiter } from './call-limiter.ts';
