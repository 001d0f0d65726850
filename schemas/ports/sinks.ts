import type { Json } from '../encoded-value.ts';

/** Something that happened and is told outside. The same `id` may come more than once, and always means the same. */
export type OutgoingMessage = {
  readonly id: string;
  readonly type: 'decision' | 'alert';
  /** Messages with equal keys are delivered in their order. */
  readonly key: string | null;
  /** Milliseconds since 1970 UTC. */
  readonly at: number;
  readonly body: Json;
};

/**
 * Where decisions and alerts go. `send` resolves when the messages are with the receiver for good, in the order given; it rejects when that
 * cannot be known: the same messages are then sent again.
 * A message that the receiver will never take (a webhook that says 410, a value that no schema fits) is `refused` with the reason.
 */
export type Sink = {
  send(messages: readonly OutgoingMessage[], signal: AbortSignal): Promise<readonly RefusedMessage[]>;
  close(): Promise<void>;
};
export type RefusedMessage = { readonly id: string; readonly reason: string };
