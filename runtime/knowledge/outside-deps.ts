import { createToolBox, type EffectDeps } from '../../activities/index.ts';
import { createDocumentReader, createStoredIndex } from '../../knowledge/index.ts';
import type { Config, DocumentReader, FlowRunner, KnowledgeIndex, OutgoingClient, Storage } from '../../schemas/index.ts';

export type OutsideDeps = Pick<EffectDeps, 'documents' | 'tools' | 'knowledge'>;

/** What effects read documents, call tools and search knowledge bases with. Close `documents`. */
export function outsideDeps({
  storage,
  outgoing,
  config = {},
  flows,
}: {
  readonly storage: Pick<Storage, 'events' | 'blobs'>;
  readonly outgoing: OutgoingClient;
  readonly config?: Pick<Config, 'documents' | 'tools'>;
  /** Runs flows as tools; without it a flow that calls one fails there. */
  readonly flows?: FlowRunner;
}): OutsideDeps & { readonly documents: DocumentReader; readonly knowledge: KnowledgeIndex } {
  const { maxCallDepth, maxOutputLength } = config.tools ?? {};
  return {
    documents: createDocumentReader({ limits: given(config.documents ?? {}) }),
    tools: createToolBox({ outgoing, ...given({ flows, maxCallDepth, maxOutputLength }) }),
    knowledge: createStoredIndex({ events: storage.events, blobs: storage.blobs }),
  };
}

/** Without what is undefined. */
const given = <T extends object>(all: T): { readonly [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as {
    readonly [K in keyof T]?: Exclude<T[K], undefined>;
  };
