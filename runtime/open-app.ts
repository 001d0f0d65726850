import { createCallLimiter, createEffectExecutor } from '../activities/index.ts';
import { createCodeRunner, createOutgoingClient } from '../sandbox/index.ts';
import { textMasker, type OutgoingClient, type SecretStore, type Storage } from '../schemas/index.ts';
import { isDead, openMysqlStorage, openSqliteStorage, processIdentity } from '../storage/index.ts';
import { codeOptions } from './code-options.ts';
import { createFlowRunner } from './commands/runs/flow-runner.ts';
import type { Context, OnProgress } from './context.ts';
import { environmentSecrets } from './environment-secrets.ts';
import { hiddenValues } from './hidden-values.ts';
import { outsideDeps } from './knowledge/outside-deps.ts';
import { createModelRouter, createPaces } from './model-router.ts';
import { mysqlOptions } from './mysql-options.ts';
import { auditLine } from './outgoing/audit-line.ts';
import { httpDeps } from './outgoing/http-deps.ts';
import { modelExchanges } from './outgoing/model-exchanges.ts';
import type { Settings } from './settings.ts';
import type { StoragePlace } from './storage-place.ts';

export type App = { readonly context: Context; close(): Promise<void> };

export type OpenOptions = {
  /** Who asks, for the event log. */
  readonly actor: string;
  /** Told when a model is trained on first use, and how far that is. */
  readonly onNotice?: (sentence: string) => void;
  readonly onProgress?: OnProgress;
};

const DEFAULT_MODEL_CONCURRENCY = 16;

/** The one place that composes the program. Opens the storage: in the data folder, which is made when it is not there, or on a server. */
export async function openApp(settings: Settings, options: OpenOptions): Promise<App> {
  const storage = await openStorage(settings.storage);
  const identity = processIdentity();
  const secrets = environmentSecrets(settings.environment, hiddenValues(settings));
  const paceOf = createPaces();
  const code = createCodeRunner(codeOptions(settings));
  const outgoing = openOutgoing(settings, { secrets, onNotice: options.onNotice });
  const http = httpDeps({ outgoing, storage, workspaceId: settings.workspaceId, httpLimits: settings.outgoing.limits });
  const outside = outsideDeps({ storage, outgoing, config: settings.config, flows: createFlowRunner(() => context) });
  const exchangeFor = modelExchanges(outgoing);
  const context: Context = {
    settings,
    workspaceId: settings.workspaceId,
    storage,
    leases: storage.leases,
    owner: identity,
    isDead,
    now: Date.now,
    secrets,
    code,
    outgoing,
    documents: outside.documents,
    knowledge: outside.knowledge,
    actor: options.actor,
    models: (router = {}) =>
      createModelRouter({
        context,
        artifacts: router.artifacts ?? {},
        paceOf,
        exchangeFor,
        onNotice: options.onNotice,
        onProgress: options.onProgress,
      }),
    calls: createCallLimiter(settings.config.modelConcurrency ?? DEFAULT_MODEL_CONCURRENCY),
    effects: (models) =>
      createEffectExecutor({
        workspaceId: settings.workspaceId,
        models,
        code,
        secrets,
        ...http,
        ...outside,
      }),
  };
  return {
    context,
    close: async () => {
      await Promise.all([code.close(), outgoing.close(), outside.documents.close()]);
      await storage.close();
    },
  };
}

function openStorage(place: StoragePlace): Promise<Storage> {
  if (place.kind === 'sqlite') return openSqliteStorage({ folder: place.folder });
  return openMysqlStorage(mysqlOptions(place));
}

/** What the guard refuses, and what it lets pass because it is listed, is told as it happens. */
function openOutgoing(
  { workspaceId, outgoing: { allow, ports } }: Settings,
  { secrets, onNotice }: { readonly secrets: SecretStore; readonly onNotice: OpenOptions['onNotice'] },
): OutgoingClient {
  return createOutgoingClient({
    allow,
    ...(ports === undefined ? {} : { ports }),
    audit: (entry) => onNotice?.(textMasker(secrets.values(workspaceId))(auditLine(entry))),
  });
}
