export { createEffectExecutor, type EffectDeps } from './perform-effect.ts';
export { storedExecutor, type ReuseKey, type StoredEffectOptions } from './stored-effect.ts';
export { createStoreGate, type StoreGate } from './store-gate.ts';
