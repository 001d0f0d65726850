import { setTimeout as delay } from 'node:timers/promises';
import {
  canonicalJson,
  sinkSettings,
  type DecisionMade,
  type Json,
  type OutgoingMessage,
  type Sink,
  type SinkSettings,
} from '../../schemas/index.ts';
import { sha256Bytes, utf8, type Context } from '../context.ts';
import { openApp, type App } from '../open-app.ts';
import { readSettings } from '../settings.ts';

/** What tests of the outbox share. */

export const SECRET = `whsec_${Buffer.from('s'.repeat(32)).toString('base64')}`;

export const webhook = (parts: Readonly<Record<string, unknown>> = {}): SinkSettings =>
  sinkSettings.parse({ kind: 'webhook', url: 'http://127.0.0.1:9/', secretEnv: 'HOOK_SECRET', ...parts });
export const topic = (parts: Readonly<Record<string, unknown>> = {}): SinkSettings =>
  sinkSettings.parse({ kind: 'kafka', brokers: ['127.0.0.1:9092'], topic: 'decisions', ...parts });

export const openOutboxRig = (folder: string): Promise<App> =>
  openApp(readSettings({ RISKFLOW_DATA: folder, HOOK_SECRET: SECRET }, folder), { actor: 'test' });

type Decision = Partial<DecisionMade['data']> & { readonly decisionId: string; readonly outputsJson?: Json };

export function decisionData({ outputsJson = { label: 'spam' }, ...parts }: Decision): DecisionMade['data'] {
  return {
    sourceId: 'reports',
    recordId: `record of ${parts.decisionId}`,
    recordKey: null,
    mode: 'live',
    replay: 0,
    flow: 'triage',
    flowVersion: 'f'.repeat(64),
    runId: `run of ${parts.decisionId}`,
    status: 'succeeded',
    label: 'spam',
    outputs: sha256Bytes(utf8(canonicalJson(outputsJson))),
    error: null,
    lane: 0,
    arrival: 1,
    subject: null,
    category: null,
    eventTime: null,
    stage: 'live',
    score: null,
    action: null,
    reasonCodes: [],
    ruleHits: [],
    models: [],
    promptIds: [],
    inputsHash: null,
    latencyMs: null,
    elapsedMs: null,
    cost: null,
    tokens: null,
    decidedAt: 1_760_000_000_000,
    against: null,
    ...parts,
  };
}

/** Writes decisions into the ledger, in one transaction. */
export async function decide({ storage, workspaceId }: Context, decisions: readonly Decision[]): Promise<void> {
  const result = await storage.events.write({
    workspaceId,
    actor: 'test',
    appends: [
      {
        log: 'ledger',
        stream: 'decisions/reports/0',
        events: decisions.map((decision) => ({ type: 'DecisionMade', data: decisionData(decision) })),
        expected: { any: true },
      },
    ],
    blobs: decisions.map(({ outputsJson = { label: 'spam' } }) => {
      const bytes = utf8(canonicalJson(outputsJson));
      return { sha256: sha256Bytes(bytes), bytes, referrer: 'source/reports' };
    }),
  });
  if (result.status !== 'written') throw new Error(JSON.stringify(result));
}

/** So many decisions, the i-th about the subject i modulo `subjects`. */
export const numbered = (count: number, subjects: number, from = 0): readonly Decision[] =>
  Array.from({ length: count }, (_, i) => ({ decisionId: `d-${from + i}`, subject: `acct-${(from + i) % subjects}` }));

export type MemorySink = Sink & {
  /** Each sending that was answered. */
  readonly sent: readonly (readonly OutgoingMessage[])[];
  /** Ids of all messages in the order in which they came. */
  readonly ids: () => readonly string[];
  /** Does something before a sending is answered: throws, waits. What it returns is refused. */
  readonly meanwhile: (act: (messages: readonly OutgoingMessage[], signal: AbortSignal) => Promise<readonly string[] | void>) => void;
  /** Resolves when so many messages have come. */
  readonly came: (count: number) => Promise<void>;
  readonly isClosed: () => boolean;
};

export function memorySink(): MemorySink {
  const sent: (readonly OutgoingMessage[])[] = [];
  let act: Parameters<MemorySink['meanwhile']>[0] = () => Promise.resolve();
  let closed = false;
  const ids = (): readonly string[] => sent.flat().map(({ id }) => id);
  return {
    sent,
    ids,
    isClosed: () => closed,
    meanwhile: (next) => {
      act = next;
    },
    came: (count) => until(() => ids().length >= count),
    send: async (messages, signal) => {
      signal.throwIfAborted();
      const refused = (await act(messages, signal)) ?? [];
      sent.push(messages);
      return refused.map((id) => ({ id, reason: 'nobody wants it' }));
    },
    close: () => {
      closed = true;
      return Promise.resolve();
    },
  };
}

/** Waits for a condition that something else brings about. @throws after 15 s */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 15_000; !(await condition()); await delay(5)) {
    if (Date.now() > end) throw new Error('what was waited for did not happen');
  }
}

/** Messages by key, in the order given; repeats left out. */
export function firstsByKey(
  messages: readonly { readonly id: string; readonly key: string | null }[],
): ReadonlyMap<string | null, readonly string[]> {
  return new Map(
    Array.from(
      Map.groupBy(messages, ({ key }) => key),
      ([key, own]) => [key, [...new Set(own.map(({ id }) => id))]],
    ),
  );
}
