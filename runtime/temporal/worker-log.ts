import { inspect } from 'node:util';
import type { LogEntry } from '@temporalio/worker';
import { isRiskflowError, messageOf } from '../../schemas/index.ts';
import { isKeyTrouble } from './codec-trouble.ts';

/**
 * Writes what the SDK has to say, each cause once: what it tries again and again would else be told again and again. Repetitions are
 * counted, and told of at 10, 100, 1,000 and so on.
 * @param write takes a text without the end of its line
 */
export function repeatlessLog(write: (text: string) => void): (entry: LogEntry) => void {
  const told = new Map<string, number>();
  return ({ level, message, timestampNanos, meta }) => {
    const { error, ...rest } = meta ?? {};
    // The native part tells in a WARN of its own what the other part has told.
    if (isKeyTrouble(keyTroubleIn(rest['failure']))) return;
    const cause = error === undefined ? message : messageOf(error);
    const name = `${level} ${message} ${cause}`;
    const times = (told.get(name) ?? 0) + 1;
    if (told.size > MOST_CAUSES) told.clear();
    told.set(name, times);
    const head = `${new Date(Number(timestampNanos / 1_000_000n)).toISOString()} [${level}]`;
    if (times > 1) {
      if (/^10+$/.test(String(times))) write(`${head} ${times} times so far: ${cause}`);
    } else if (isRiskflowError(error)) {
      const { hint, code } = error;
      write(`${head} ${code}: ${cause}${hint === undefined ? '' : `\n  → ${hint}`}${isKeyTrouble(cause) ? `\n  ${STANDS}` : ''}`);
    } else write(`${head} ${message}${meta === undefined ? '' : ` ${inspect(meta)}`}`);
  };
}

const MOST_CAUSES = 1_000;
const STANDS = 'Work that needs it stands still until then, and goes on by itself; this is told once, and then counted.';

/** The message within the text of a failure, where there is one about keys. */
const keyTroubleIn = (failure: unknown): string =>
  typeof failure === 'string' ? (/message: "(a payload of Temporal .*)/.exec(failure)?.[1]?.replaceAll('\\"', '"') ?? '') : '';
