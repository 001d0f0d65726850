import { createHash, randomUUID } from 'node:crypto';
import type { CodeRunner, EffectExecutor, ModelRouter, SecretStore, Storage } from '../schemas/index.ts';
import type { LeaseDeps } from './leases.ts';
import type { Limiter } from './limiter.ts';
import type { Settings } from './settings.ts';

/** What every command works with: the adapters of one process, composed once. */
export type Context = LeaseDeps & {
  readonly settings: Settings;
  readonly storage: Storage;
  readonly secrets: SecretStore;
  readonly code: CodeRunner;
  /** Models under a limit of calls in flight; the default one is the process's. */
  readonly models: (limiter?: Limiter) => ModelRouter;
  readonly effects: (models: ModelRouter) => EffectExecutor;
  /** Who asks, for the event log. */
  readonly actor: string;
};

export type Progress = { readonly label: string; readonly done: number; readonly total: number };
export type OnProgress = (progress: Progress) => void;

export const newId = (): string => randomUUID();
export const sha256Bytes = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
export const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
