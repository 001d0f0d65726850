import { createCallLimiter, createEffectExecutor } from '../activities/index.ts';
import { createQuickJsRunner } from '../sandbox/index.ts';
import type { CodeRunner, Storage } from '../schemas/index.ts';
import { isDead, openMysqlStorage, openSqliteStorage, processIdentity } from '../storage/index.ts';
import type { Context, OnProgress } from './context.ts';
import { environmentSecrets } from './environment-secrets.ts';
import { hiddenValues } from './hidden-values.ts';
import { createModelRouter, createPaces } from './model-router.ts';
import { mysqlOptions } from './mysql-options.ts';
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
  const code = lazily(createQuickJsRunner);
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
    actor: options.actor,
    models: (router = {}) =>
      createModelRouter({
        context,
        artifacts: router.artifacts ?? {},
        paceOf,
        onNotice: options.onNotice,
        onProgress: options.onProgress,
      }),
    calls: createCallLimiter(settings.config.modelConcurrency ?? DEFAULT_MODEL_CONCURRENCY),
    effects: (models) => createEffectExecutor({ workspaceId: settings.workspaceId, models, code, secrets }),
  };
  return {
    context,
    close: async () => {
      await code.close();
      await storage.close();
    },
  };
}

function openStorage(place: StoragePlace): Promise<Storage> {
  if (place.kind === 'sqlite') return openSqliteStorage({ folder: place.folder });
  return openMysqlStorage(mysqlOptions(place));
}

/** A worker for code costs time and memory that most commands need not spend. */
function lazily(create: () => CodeRunner): CodeRunner {
  let runner: CodeRunner | undefined;
  return {
    run: (request) => (runner ??= create()).run(request),
    close: async () => runner?.close(),
  };
}
