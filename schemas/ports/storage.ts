import type { BlobStore } from './blobs.ts';
import type { EffectStore } from './effect-results.ts';
import type { EventStore } from './event-store.ts';
import type { InboxStore } from './inbox.ts';
import type { LeaseStore } from './leases.ts';
import type { PresenceStore } from './presence.ts';
import type { RelayStore } from './relays.ts';
import type { SourceTaskStore } from './source-tasks.ts';
import type { Projections, ReadModels } from './read-models.ts';
import type { TrendStore } from './trends.ts';

/** What `storage/` opens: one per process and data folder or database. */
export type Storage = {
  readonly events: EventStore;
  readonly leases: LeaseStore;
  readonly presence: PresenceStore;
  readonly effects: EffectStore;
  readonly blobs: BlobStore;
  readonly inbox: InboxStore;
  readonly relays: RelayStore;
  readonly trends: TrendStore;
  readonly tasks: SourceTaskStore;
  readonly projections: Projections;
  readonly read: ReadModels;
  /** Settings that decide durability, for benches: `{ "journal_mode": "wal", … }`. */
  readonly settings: () => Promise<Readonly<Record<string, string>>>;
  /** Why this release cannot work with the tables as they are now, in a sentence; undefined when it can. */
  readonly unfit: () => Promise<string | undefined>;
  close(): Promise<void>;
};
