type Of<T extends string, D> = {
  readonly type: T;
  readonly data: {
    /** Name of the sink in the configuration. */
    readonly sink: string;
    /** The part of its keys. */
    readonly part: number;
    readonly messageId: string;
    /** The number in the ledger of what the message tells. */
    readonly n: number;
    /** Milliseconds since 1970 UTC. */
    readonly at: number;
  } & D;
};

/**
 * What did not go well with telling decisions and alerts outside. What was delivered is no fact of its own: how far each relay has sent says it.
 *
 * - `DeliveryRefused`: the message is passed over for good. `gaveUp`: nobody ever said that it is not wanted, it was only tried for so long.
 *   Stream `relay/<sink>`
 * - `DeliveryRedelivered`: what was passed over is delivered after all, because a person asked for it. Stream
 *   `relay/<sink>/redelivered`
 * - `DeliveryDelayed`: it could not be delivered at once, which is noted once for each message. Stream `relay/<sink>/<part>`
 */
export type DeliveryEvent =
  | Of<'DeliveryRefused', { readonly reason: string; readonly gaveUp: boolean }>
  | Of<'DeliveryRedelivered', object>
  | Of<'DeliveryDelayed', { readonly error: string }>;
