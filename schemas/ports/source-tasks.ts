import type { WorkspaceId } from '../event-envelope.ts';
import type { TaskState } from './connectors.ts';
import type { LeaseOwner } from './leases.ts';

/** What a process does for a source, as it said last. `task`: `intake`, a partition, `decide/<part>`, `trends`. */
export type SourceTask = {
  readonly sourceId: string;
  readonly task: string;
  readonly state: TaskState;
  /** What went wrong: a sentence, and more behind it. */
  readonly trace: string | null;
  readonly by: LeaseOwner;
  /** Milliseconds since 1970 UTC. */
  readonly at: number;
};

/** Not facts: what is told of tasks is worth something for as long as its process lives. */
export type SourceTaskStore = {
  /** Replaces what this process said of the task. */
  report(workspaceId: WorkspaceId, task: SourceTask): Promise<void>;
  /** By task. */
  list(workspaceId: WorkspaceId, sourceId: string): Promise<readonly SourceTask[]>;
  /** Forgets what a process said of a source. */
  forget(workspaceId: WorkspaceId, sourceId: string, by: LeaseOwner): Promise<void>;
  /** Forgets what was said of a source before a time, by whoever ended without taking it back. */
  forgetOlder(workspaceId: WorkspaceId, sourceId: string, before: number): Promise<void>;
};
