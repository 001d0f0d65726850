import { DeliveryFailed } from '../../connectors/index.ts';
import { messageOf, type Fence, type OutgoingMessage, type RefusedMessage, type Sink } from '../../schemas/index.ts';
import { retryDelay } from './back-off.ts';
import type { Outgoing } from './outgoing-events.ts';
import { recordDelayed, recordRefused } from './relay-facts.ts';
import type { RelayDeps, RelaySpec } from './relay-types.ts';

export type Sending = {
  readonly spec: RelaySpec;
  readonly part: number;
  readonly sink: Sink;
  readonly messages: readonly OutgoingMessage[];
  /** The events of the messages, in the same order. */
  readonly outgoing: readonly Outgoing[];
  readonly fence: Fence;
  /** Aborted when the part is somebody else's, or the process ends. */
  readonly held: AbortSignal;
  /** False: the first failure is thrown. */
  readonly retries: boolean;
};

/** What fails no more often is not worth a fact. */
const FAILURES_UNTOLD = 2;

/**
 * Sends messages again and again until the sink has them, or they are given up. Facts: what was refused or given up, and what failed for more
 * than a moment, from which on the time counts after which it is given up. @returns how many were refused
 */
export async function sendUntilAnswered(deps: RelayDeps, sending: Sending): Promise<number> {
  const { clock, now, onNews, random } = deps;
  const { spec, part, sink, messages, outgoing, fence, held, retries } = sending;
  const named = { sink: spec.sink, part, messageId: messages[0]?.id ?? '' };
  let since: number | undefined;
  for (let failures = 1; ; failures++) {
    const attempt = await attemptOf(sink.send(messages, held));
    if (attempt.ok) {
      if (failures > 1) onNews({ kind: 'recovered', ...named });
      return passOver(deps, sending, attempt.refused, false);
    }
    const { error } = attempt;
    held.throwIfAborted();
    const reason = messageOf(error);
    since ??= now();
    if (failures > FAILURES_UNTOLD || !retries) {
      since = await recordDelayed(deps, spec, { ...named, n: outgoing[0]?.n ?? 0, error: reason, at: since }, fence);
    }
    if (spec.giveUpMs !== null && now() - since >= spec.giveUpMs) {
      const given = messages.map(({ id }) => ({ id, reason }));
      return passOver(deps, sending, given, true);
    }
    if (!retries) throw error;
    const retryAfterMs = error instanceof DeliveryFailed ? error.retryAfterMs : 0;
    const retryMs = retryDelay(failures, { retryAfterMs, random: random() });
    onNews({ kind: 'delayed', ...named, error: reason, retryMs });
    await clock.wait(retryMs, held);
    held.throwIfAborted();
  }
}

async function passOver(
  deps: RelayDeps,
  { spec, part, outgoing, fence }: Sending,
  refused: readonly RefusedMessage[],
  gaveUp: boolean,
): Promise<number> {
  const numbers = new Map(outgoing.map(({ id, n }) => [id, n]));
  await Promise.all(
    refused.map(async ({ id: messageId, reason }) => {
      const about = { sink: spec.sink, part, messageId, reason, gaveUp };
      await recordRefused(deps, spec, { ...about, n: numbers.get(messageId) ?? 0, at: deps.now() }, fence);
      deps.onNews({ kind: 'refused', ...about });
    }),
  );
  return refused.length;
}

type Attempt = { readonly ok: true; readonly refused: readonly RefusedMessage[] } | { readonly ok: false; readonly error: unknown };

const attemptOf = (sent: Promise<readonly RefusedMessage[]>): Promise<Attempt> =>
  sent.then(
    (refused) => ({ ok: true, refused }),
    (error: unknown) => ({ ok: false, error }),
  );
