import { NO_USAGE, StillWaiting, type EffectRequest } from '../schemas/index.ts';
import type { Performed } from './performed.ts';

/**
 * Nobody has answered yet, or the stored answer would have been found before this was asked: it waits on, or its time is over.
 * @throws StillWaiting
 */
export function performHumanInput({ timeoutMs, askedAt }: Extract<EffectRequest, { kind: 'human-input' }>, now: number): Performed {
  const until = timeoutMs === null ? null : askedAt + timeoutMs;
  if (until === null || now < until) throw new StillWaiting(until);
  return { outputs: new Map(), usage: NO_USAGE, elapsedMs: 0 };
}
