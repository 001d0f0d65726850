import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createCallLimiter, createEffectExecutor, storedExecutor } from '../../activities/index.ts';
import { checkInputs, compilerOf, importFlow, type ImportedFlow, type Plan } from '../../flow/index.ts';
import { createOpenAiChatModel } from '../../models/index.ts';
import { createOutgoingClient, createCodeRunner } from '../../sandbox/index.ts';
import {
  encodeValues,
  RiskflowError,
  type EffectExecutor,
  type ModelRouter,
  type NodeClassifier,
  type Pin,
  type ResolvedModel,
  type RunEvent,
  type RunStarted,
  type SecretStore,
  type Storage,
} from '../../schemas/index.ts';
import { openSqliteStorage } from '../../storage/index.ts';
import { driveRun, runStream, type RunOutcome } from '../embedded/run-host.ts';
import { LEASE_MS } from '../leases.ts';
import { outsideDeps } from '../knowledge/outside-deps.ts';
import { httpDeps } from '../outgoing/http-deps.ts';
import type { RunActivityDeps } from './run-activities.ts';
import type { RunFlowArgs } from '../../workflows/index.ts';

/**
 * What the tests on a real Temporal server stand on, in the test's process and in the one that it kills: storage in a folder, the
 * example flows, real models and sandbox behind an endpoint of the test.
 */
export type Rig = {
  readonly storage: Storage;
  readonly plans: Plans;
  /** Effects of both hosts, results not stored. */
  readonly effects: EffectExecutor;
  readonly deps: RunActivityDeps;
  close(): Promise<void>;
};

export type Plans = { readonly rules: Plan; readonly cascade: Plan; readonly opinion: Plan; readonly chain: Plan };
export type RigPlace = { readonly folder: string; readonly endpoint: string };

export const STOP_SCOPE = 'run-stop';

export const newFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'riskflow-temporal-'));
export const removeFolder = (folder: string): Promise<void> => rm(folder, { recursive: true, force: true });

export async function openRig({ folder, endpoint }: RigPlace): Promise<Rig> {
  const flows = await readFlows();
  const storage = await openSqliteStorage({ folder });
  const code = createCodeRunner();
  const chat = createOpenAiChatModel({ baseUrl: endpoint, apiKey: null, retry: { maxAttempts: 1 } });
  const models: ModelRouter = {
    resolve: ({ provider, name }) => {
      const resolved: ResolvedModel = provider.startsWith('riskflow')
        ? { kind: 'classifier', classifier: byLength, name, version: '1' }
        : { kind: 'chat', model: chat, name, version: '1', hasPrice: false };
      return Promise.resolve(resolved);
    },
  };
  const outgoing = createOutgoingClient({ audit: () => undefined });
  const outside = outsideDeps({ storage, outgoing });
  const effectsOf = (workspaceId: string): EffectExecutor =>
    createEffectExecutor({ workspaceId, models, code, secrets: noSecrets, ...httpDeps({ outgoing, storage, workspaceId }), ...outside });
  return {
    storage,
    plans: { rules: flows.rules.plan, cascade: flows.cascade.plan, opinion: flows.opinion.plan, chain: flows.chain.plan },
    effects: effectsOf('embedded'),
    deps: {
      storage,
      loadPlan: ({ flowVersion, planVersion }) => planOf(flows, flowVersion, planVersion),
      effects: effectsOf,
      calls: createCallLimiter(64),
      stopReason: (workspaceId, runId) => storage.events.readClaim(workspaceId, STOP_SCOPE, runId),
      now: Date.now,
    },
    close: async () => {
      chat.close();
      await Promise.all([code.close(), outgoing.close(), outside.documents.close()]);
      await storage.close();
    },
  };
}

type Flows = Readonly<Record<keyof Plans, ImportedFlow>>;

async function readFlows(): Promise<Flows> {
  const project = new URL('../../', import.meta.url);
  const read = async (path: string): Promise<ImportedFlow> => {
    const imported = importFlow(await readFile(fileURLToPath(new URL(path, project)), 'utf8'));
    if (!imported.ok) throw new Error(`${path}: ${imported.message}`);
    return imported.flow;
  };
  const [rules, cascade, opinion, chain] = await Promise.all([
    read('examples/report-triage/triage-rules.yml'),
    read('examples/report-triage/triage-cascade.yml'),
    read('workflows/fixtures/second-opinion.yml'),
    read('workflows/fixtures/chain.yml'),
  ]);
  return { rules, cascade, opinion, chain };
}

/** As the application does it: compiled under the plan version of the run. */
async function planOf(flows: Flows, flowVersion: string, planVersion: number): Promise<Plan> {
  const flow = Object.values(flows).find((item) => item.version === flowVersion);
  if (flow === undefined) throw new RiskflowError('not_found', `there is no flow version ${flowVersion}`);
  const compiled = compilerOf(planVersion)?.(flow.definition, flowVersion);
  if (compiled?.ok !== true) throw new RiskflowError('unsupported', `there is no compiler for plan version ${planVersion}`);
  return compiled.plan;
}

const noSecrets: SecretStore = { version: () => undefined, reveal: () => undefined, values: () => [] };

/** Answers by a rule that both hosts can follow. */
const byLength: NodeClassifier = {
  chooseClass: (text, classes) => {
    const chosen = classes[text.length % classes.length];
    if (chosen === undefined) throw new Error('the node has no classes');
    return { ok: true, answer: { classId: chosen.id, className: chosen.name, probability: 0.75 } };
  },
  chooseEnum: () => ({ ok: true, answer: '{}' }),
};

/** Who has which workspace: the streams of the two hosts lie side by side, under the same run ids. */
export const EMBEDDED = 'embedded';
export const TEMPORAL = 'temporal';

export type AskedRun = {
  readonly plan: Plan;
  readonly text: string;
  readonly runId?: string;
  readonly pins?: Readonly<Record<string, Pin>>;
  readonly timeoutMs?: number;
  readonly historyLimit?: number;
};

/** The same run for both hosts. */
export function askRun({ plan, text, runId = randomUUID(), pins = {}, timeoutMs = 60_000, historyLimit }: AskedRun): RunFlowArgs {
  const checked = checkInputs(plan, new Map([['text', text]]));
  if (!checked.ok) throw new Error(checked.message);
  const { flow, flowVersion } = plan;
  const started: RunStarted = {
    type: 'RunStarted',
    data: {
      runId,
      planVersion: plan.planVersion,
      flow,
      flowVersion,
      mode: 'manual',
      origin: { kind: 'manual' },
      inputs: encodeValues(checked.inputs),
      system: { workflow_run_id: runId, files: [] },
      environment: {},
      pins,
      modelMap: {},
      at: Date.now(),
    },
  };
  const limit = historyLimit === undefined ? {} : { historyLimit };
  return { workspaceId: TEMPORAL, runId, flowVersion, started, actor: 'tester', timeoutMs, ...limit };
}

/** Drives a run with the embedded host, on a lease of its own, in the given workspace. */
export async function driveEmbedded(
  { storage, effects }: Rig,
  {
    workspaceId,
    plan,
    args,
    signal = new AbortController().signal,
    onEvent,
  }: {
    readonly workspaceId: string;
    readonly plan: Plan;
    readonly args: RunFlowArgs;
    readonly signal?: AbortSignal;
    readonly onEvent?: (event: RunEvent) => void;
  },
): Promise<RunOutcome> {
  const { runId, started, actor, timeoutMs } = args;
  const owner = { owner: randomUUID(), host: 'test', boot: 'test', pid: process.pid };
  const lease = await storage.leases.take(workspaceId, `run/${runId}`, owner, { now: Date.now(), ttlMs: LEASE_MS, isDead: () => false });
  if (lease.status !== 'taken') throw new Error(`the lease of run ${runId} is held`);
  const perform = storedExecutor({
    workspaceId,
    effects: storage.effects,
    perform: effects,
    calls: createCallLimiter(64),
    mayBeStored: () => true,
    reuseKey: () => Promise.resolve(null),
  });
  try {
    return await driveRun(
      { workspaceId, events: storage.events, perform, now: Date.now, actor },
      {
        plan,
        history: [],
        started,
        fence: lease.fence,
        durableStart: true,
        signal,
        timeoutMs,
        ...(onEvent === undefined ? {} : { onEvent }),
      },
    );
  } finally {
    await storage.leases.release(workspaceId, lease.fence);
  }
}

export async function readEvents({ storage }: Pick<Rig, 'storage'>, workspaceId: string, runId: string): Promise<readonly RunEvent[]> {
  const stored = await storage.events.readStream(workspaceId, runStream(runId));
  return stored.map(({ type, data }) => ({ type, data }) as RunEvent);
}

const TIMES: ReadonlySet<string> = new Set(['at', 'startedAt', 'elapsedMs', 'effectMs']);

/** Events without their times, which differ between hosts; all else must be equal. */
export const timeless = (events: readonly RunEvent[]): readonly unknown[] =>
  events.map(({ type, data }) => ({ type, data: withoutTimes(data) }));

/** A model's node tells among its outputs how long it took. */
const withoutTimes = (data: object): object =>
  Object.fromEntries(
    Object.entries(data)
      .filter(([key]) => !TIMES.has(key))
      .map(([key, value]: [string, unknown]) => [key, key === 'outputs' ? withoutLatency(value) : value]),
  );

function withoutLatency(outputs: unknown): unknown {
  if (typeof outputs !== 'object' || outputs === null || !('usage' in outputs)) return outputs;
  const { usage } = outputs;
  return typeof usage === 'object' && usage !== null ? { ...outputs, usage: { ...usage, latency: null } } : outputs;
}
