import { modelsOf, type Plan } from '../../../flow/index.ts';
import { RiskflowError, type ModelRouter, type SourceCreated } from '../../../schemas/index.ts';
import type { Context, OnProgress } from '../../context.ts';
import { holdLease } from '../../leases.ts';
import { takeIn, type Intake } from './source-intake.ts';
import { dispatchPending, type Dispatched } from './source-dispatch.ts';
import { planAtStart, readSource, settingsOf, sourceStream, type CreateSourceRequest, type SourceSettings } from './source-settings.ts';

/** `isNew` is false when the source was there already, with the same settings. */
export type CreatedSource = SourceSettings & { readonly isNew: boolean };

/** Creates a source. The same settings again write nothing. @throws RiskflowError `conflict` when it is there with other settings. */
export async function createSource(context: Context, request: CreateSourceRequest): Promise<CreatedSource> {
  const settings = await settingsOf(context, request);
  const { sourceId } = settings;
  const event: SourceCreated = { type: 'SourceCreated', data: settings };
  const written = await context.storage.events.write({
    workspaceId: context.workspaceId,
    actor: context.actor,
    claims: [{ scope: 'source', key: sourceId, value: settings.location }],
    appends: [{ log: 'ledger', stream: sourceStream(sourceId), events: [event], expected: { version: 0 } }],
  });
  if (written.status === 'written') return { ...settings, isNew: true };
  const present = await readSource(context, sourceId);
  const differing = differences(present, settings);
  if (differing.length === 0) return { ...present, isNew: false };
  throw new RiskflowError('conflict', `source "${sourceId}" is there already with other settings: ${differing.join('; ')}`, {
    hint: 'give the new one another name: a source keeps its settings, since its records and decisions belong to them',
  });
}

function differences(present: SourceSettings, wanted: SourceSettings): readonly string[] {
  const shown = (settings: SourceSettings): Readonly<Record<string, string | null>> => ({
    file: settings.location,
    flow: settings.flowVersion === null ? settings.flow : `${settings.flow}:${settings.flowVersion.slice(0, 12)}`,
    'key field': settings.keyField,
    'query field': settings.queryField,
    'input map': JSON.stringify(Object.entries(settings.inputMap).sort(([a], [b]) => (a < b ? -1 : 1))),
    'rule for equal keys': settings.onDuplicateKey,
  });
  const before = shown(present);
  return Object.entries(shown(wanted)).flatMap(([name, value]) => {
    const old = before[name] ?? null;
    return old === value ? [] : [`its ${name} is ${old ?? 'not set'}, not ${value ?? 'unset'}`];
  });
}

export type StartOptions = {
  /** Outside calls at a time. @default 8 */
  readonly concurrency?: number;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
};

/** What one start did. `deadLetters` and `records` are the new ones. */
export type SourceRun = Intake &
  Dispatched & {
    readonly sourceId: string;
    readonly flow: string;
    readonly flowVersion: string;
    /** Milliseconds. */
    readonly elapsedMs: number;
  };

const DEFAULT_CONCURRENCY = 8;

/**
 * Reads what is new in the source's file, up to the end it has now, and decides everything that is pending, including what an earlier
 * start left. Starting again decides nothing twice.
 * @throws RiskflowError `busy` while another process works on the source; the reason of the signal when aborted, after which another
 * start goes on
 */
export async function startSource(context: Context, sourceId: string, options: StartOptions = {}): Promise<SourceRun> {
  const { concurrency = DEFAULT_CONCURRENCY, onProgress = () => undefined } = options;
  const began = context.now();
  const source = await readSource(context, sourceId);
  const plan = await planAtStart(context, source);
  const models = context.models();
  const lease = await holdLease(context, sourceStream(sourceId));
  try {
    await checkModels(plan, models);
    const signal = options.signal === undefined ? lease.signal : AbortSignal.any([lease.signal, options.signal]);
    const earlier = (await context.storage.inbox.counts(context.workspaceId, sourceId)).pending;
    const intake = await takeIn(context, { source, plan, fence: lease.fence, signal, onProgress });
    const dispatched = await dispatchPending(context, { source, plan, models, lease, earlier, concurrency, signal, onProgress });
    return { sourceId, flow: plan.flow, flowVersion: plan.flowVersion, ...intake, ...dispatched, elapsedMs: context.now() - began };
  } finally {
    await lease.release();
  }
}

/** A missing key or an unknown model must show up before a thousand records have failed by it. */
async function checkModels(plan: Plan, models: ModelRouter): Promise<void> {
  for (const { node, model } of modelsOf(plan, {})) {
    const resolved = await models.resolve(model);
    if (resolved.kind !== 'none') continue;
    throw new RiskflowError(resolved.code, `node "${node.title}" of flow "${plan.flow}": ${resolved.message}`, { hint: resolved.hint });
  }
}
