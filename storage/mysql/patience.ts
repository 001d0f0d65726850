import { setTimeout as delay } from 'node:timers/promises';
import { messageOf, RiskflowError } from '../../schemas/core.ts';
import { trouble } from './errors.ts';

export type Patience = {
  /** How the server is called in errors: host and database, never the password. */
  readonly server: string;
  /** Milliseconds from the first failure on. */
  readonly limitMs: number;
};

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1000;

/**
 * Runs `work` again, with growing pauses, while the server cannot be reached or takes no writes: a restart, a failover.
 * @throws RiskflowError `failed` (not reached) or `busy` (read-only) when that lasts too long; any other error of `work` at once
 */
export async function patiently<T>({ server, limitMs }: Patience, work: () => Promise<T>): Promise<T> {
  let deadline: number | undefined;
  for (let attempt = 0; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      const kind = trouble(error);
      if (kind !== 'lost' && kind !== 'read-only') throw error;
      deadline ??= performance.now() + limitMs;
      if (performance.now() >= deadline) throw outage(kind, { server, limitMs }, error);
    }
    const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt);
    await delay(pause * (0.5 + Math.random() / 2));
  }
}

function outage(kind: 'lost' | 'read-only', { server, limitMs }: Patience, cause: unknown): RiskflowError {
  const seconds = `${limitMs / 1000} s`;
  if (kind === 'read-only') {
    return new RiskflowError('busy', `${server} has taken no writes for ${seconds}: ${messageOf(cause)}`, {
      cause,
      hint: 'see that the address leads to the primary; what was written before is kept',
    });
  }
  return new RiskflowError('failed', `${server} could not be reached for ${seconds}: ${messageOf(cause)}`, {
    cause,
    hint: 'see that the server runs and is reachable, then go on: what was written before is kept',
  });
}
