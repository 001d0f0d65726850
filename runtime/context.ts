import { createHash, randomUUID } from 'node:crypto';
import type {
  CodeRunner,
  DocumentReader,
  EffectExecutor,
  KnowledgeIndex,
  ModelRouter,
  OutgoingClient,
  SecretStore,
  Storage,
} from '../schemas/index.ts';
import type { LeaseDeps } from './leases.ts';
import type { CallLimiter } from '../activities/index.ts';
import type { Settings } from './settings.ts';

/** What every command works with: the adapters of one process, composed once. */
export type Context = LeaseDeps & {
  readonly settings: Settings;
  readonly storage: Storage;
  readonly secrets: SecretStore;
  readonly code: CodeRunner;
  /** What requests leave by whose addresses flows, tools or users may choose. */
  readonly outgoing: OutgoingClient;
  readonly documents: DocumentReader;
  readonly knowledge: KnowledgeIndex;
  readonly models: (options?: RouterOptions) => ModelRouter;
  /** The limit of calls in flight of this process; a batch has its own. */
  readonly calls: CallLimiter;
  readonly effects: (models: ModelRouter) => EffectExecutor;
  /** Who asks, for the event log. */
  readonly actor: string;
};

/** A router of its own for a batch. */
export type RouterOptions = {
  /** Artifacts by model name, frozen when the batch began: these are used, not the latest. */
  readonly artifacts?: Readonly<Record<string, string>>;
};

export type Progress = { readonly label: string; readonly done: number; readonly total: number };
export type OnProgress = (progress: Progress) => void;

export const newId = (): string => randomUUID();
export const sha256Bytes = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
export const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
