import type { LogName, WorkspaceId } from '../event-envelope.ts';
import type { Fence } from './event-store.ts';

/**
 * Which relay of an outbox: `relay` is the sink and into how many parts its keys are cut (`hooks/4`), `part` which of these it is. Another
 * number of parts is another relay, since a key may then belong to a part that is further on, or not so far.
 */
export type RelayPart = { readonly relay: string; readonly part: number; readonly log: LogName };
/** `n`: the number of the last event that was sent, or that is not for this part. */
export type RelayCursor = RelayPart & { readonly n: number };

/** How far each relay has sent. */
export type RelayStore = {
  /** Undefined when it never began. */
  cursor(workspaceId: WorkspaceId, part: RelayPart): Promise<number | undefined>;
  /** Those of all relays below a folder of names (`hooks/`), by name, log and part. */
  cursors(workspaceId: WorkspaceId, folder: `${string}/`): Promise<readonly RelayCursor[]>;
  /** Moves it on, never back. False when the fence is not the current one. */
  advance(workspaceId: WorkspaceId, move: RelayCursor & { readonly fence: Fence }): Promise<boolean>;
};
