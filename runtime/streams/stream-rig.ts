import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sourceSettings, type DecisionMade, type SourceSettings } from '../../schemas/index.ts';
import { controlSource } from '../commands/sources/control-source.ts';
import { configureSource, createSource } from '../commands/sources/create-source.ts';
import { listDecisions, type Decision } from '../commands/decisions/decisions.ts';
import { sourceStatus, type SourceStatus } from '../commands/sources/source-status.ts';
import type { Context } from '../context.ts';
import type { App } from '../open-app.ts';
import { keepSource, type SourceNews } from './keeping/keep-source.ts';
import { openRig, rulesFlow, startRigModel, type RigModel } from './source-rig.ts';

/** What tests of followed sources share: a folder with a file of records, a source "s" over it, and somebody who works on it. */
export type StreamRig = {
  readonly app: App;
  readonly context: Context;
  readonly model: RigModel;
  /** Writes a file and gives its path. */
  readonly write: (name: string, content: string) => string;
  /** Records at the end of the file that the source reads. */
  readonly append: (...records: readonly object[]) => void;
  readonly settings: (more?: object) => SourceSettings;
  readonly create: (options?: { readonly flow?: string; readonly more?: object }) => Promise<void>;
  readonly configure: (more: object) => Promise<void>;
  /** Works on the source as `riskflow start` does; the result ends it. */
  readonly keep: (context?: Context) => { readonly news: readonly SourceNews[]; readonly stop: () => Promise<void> };
  readonly wish: (wish: 'run' | 'pause' | 'stop') => Promise<void>;
  readonly status: () => Promise<SourceStatus>;
  /** In the order of their records. */
  readonly decisions: (mode?: 'live' | 'shadow') => Promise<readonly Decision[]>;
  readonly close: () => Promise<void>;
};

export async function openStreamRig(config: object = {}): Promise<StreamRig> {
  const folder = mkdtempSync(join(tmpdir(), 'riskflow-stream-'));
  const write = (name: string, content: string): string => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const model = await startRigModel();
  const app = await openRig(join(folder, 'data'), { ...model.environment, RISKFLOW_CONFIG: write('riskflow.yml', JSON.stringify(config)) });
  const { context } = app;
  const path = write('records.ndjson', '');
  const kept: (() => Promise<void>)[] = [];
  const settings = (more: object = {}): SourceSettings =>
    sourceSettings.parse({
      connector: { kind: 'file', path, follow: true },
      record: { key: 'id', subject: 'who' },
      ...more,
    });
  return {
    app,
    context,
    model,
    write,
    append: (...records) => appendFileSync(path, records.map((record) => `${JSON.stringify(record)}\n`).join('')),
    settings,
    create: async ({ flow = write('rules.yml', rulesFlow()), more = {} } = {}) => {
      await createSource(context, { sourceId: 's', flow, settings: settings(more) });
      await controlSource(context, 's', { wish: 'run', reason: 'test' });
    },
    configure: async (more) => void (await configureSource(context, { sourceId: 's', settings: settings(more) })),
    keep: (as = context) => {
      const user = new AbortController();
      const news: SourceNews[] = [];
      const done = keepSource(as, 's', { signal: user.signal, onNews: (each) => news.push(each) });
      const stop = async (): Promise<void> => {
        user.abort();
        await done;
      };
      kept.push(stop);
      return { news, stop };
    },
    wish: async (wish) => void (await controlSource(context, 's', { wish, reason: `the test says ${wish}` })),
    status: async () => {
      const [found] = await sourceStatus(context, 's');
      if (found === undefined) throw new Error('there is no source');
      return found;
    },
    decisions: async (mode = 'live') =>
      [...(await listDecisions(context, { mode, limit: 5000 }))].sort((a, b) => (a.arrival ?? 0) - (b.arrival ?? 0)),
    close: async () => {
      for (const stop of kept) await stop();
      await app.close();
      await model.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Every decision in the ledger, in the order in which it was made. */
export async function decisionsMade({ storage, workspaceId }: Context): Promise<readonly DecisionMade['data'][]> {
  const events = await storage.events.readLog(workspaceId, 'ledger', { after: 0, limit: 5000 });
  return events.filter(({ type }) => type === 'DecisionMade').map(({ data }) => data as DecisionMade['data']);
}
