import {
  RiskflowError,
  type RolloutStage,
  type SourceEvent,
  type SourceSettings,
  type SourceWish,
  type StageFlow,
  type StoredEvent,
} from '../../schemas/index.ts';
import type { Context } from '../context.ts';

/** What the events of a source come to. */
export type SourceState = {
  readonly sourceId: string;
  readonly settings: SourceSettings;
  readonly live: StageFlow;
  /** What a rollback goes back to. */
  readonly earlierLive: readonly StageFlow[];
  readonly canary: { readonly flow: StageFlow; readonly share: number } | null;
  readonly shadow: StageFlow | null;
  /** Whether it ever had one. */
  readonly hadShadow: boolean;
  readonly wish: SourceWish;
  readonly wishReason: string;
  /** Why the kill switch is on; null while it is off. */
  readonly killed: string | null;
  /** How many events its stream has: another number is another state. */
  readonly version: number;
};

export const sourceStream = (sourceId: string): string => `source/${sourceId}`;

/** Undefined before its creation. Events of other types (decisions of the first release) change nothing. */
export function foldSource(events: readonly Pick<StoredEvent, 'type' | 'data'>[]): SourceState | undefined {
  return events.reduce<SourceState | undefined>((state, event) => {
    const next = applyEvent(state, event as SourceEvent);
    return next === undefined ? undefined : { ...next, version: (state?.version ?? 0) + 1 };
  }, undefined);
}

function applyEvent(state: SourceState | undefined, event: SourceEvent): SourceState | undefined {
  if (event.type === 'SourceCreated') {
    const { sourceId, settings, flow, flowVersion } = event.data;
    const live = { flow, flowVersion };
    const nothing = { earlierLive: [], canary: null, shadow: null, hadShadow: false, killed: null, version: 0 };
    return { sourceId, settings, live, wish: 'stop', wishReason: 'it was never started', ...nothing };
  }
  if (state === undefined) return undefined;
  switch (event.type) {
    case 'SourceConfigured':
      return { ...state, settings: event.data.settings };
    case 'SourceControlled':
      return { ...state, wish: event.data.wish, wishReason: event.data.reason };
    case 'SourceSwitched':
      return { ...state, killed: event.data.killed ? event.data.reason : null };
    case 'SourceFlowSet':
      return withFlow(state, event.data);
    default:
      return state;
  }
}

type FlowSet = {
  readonly stage: RolloutStage;
  readonly flow: StageFlow | null;
  readonly share: number | null;
  readonly isRollback: boolean;
};

function withFlow(state: SourceState, { stage, flow, share, isRollback }: FlowSet): SourceState {
  if (stage === 'shadow') return { ...state, shadow: flow, hadShadow: true };
  if (stage === 'canary') return { ...state, canary: flow === null ? null : { flow, share: share ?? 0 } };
  if (flow === null) return state;
  if (isRollback) return { ...state, live: flow, earlierLive: state.earlierLive.slice(0, -1) };
  const { live } = state;
  // "The latest" is nothing to go back to: it may be the same version by then.
  const isStep = live.flowVersion !== null && (live.flow !== flow.flow || live.flowVersion !== flow.flowVersion);
  return { ...state, live: flow, earlierLive: isStep ? [...state.earlierLive, live] : state.earlierLive };
}

const PAGE = 1000;

/** @throws RiskflowError `not_found` that says what there is */
export async function readSourceState(context: Context, sourceId: string): Promise<SourceState> {
  const events: StoredEvent[] = [];
  for (;;) {
    const afterVersion = events.at(-1)?.version ?? 0;
    const page = await context.storage.events.readStream(context.workspaceId, sourceStream(sourceId), { afterVersion, limit: PAGE });
    events.push(...page);
    if (page.length < PAGE) break;
  }
  const state = foldSource(events);
  if (state !== undefined) return state;
  const known = (await listSourceIds(context)).join(', ');
  throw new RiskflowError('not_found', `there is no source "${sourceId}"`, {
    hint: known === '' ? 'create one: riskflow source create ID --file FILE.ndjson --flow FLOW' : `there are: ${known}`,
  });
}

export async function listSourceIds(context: Context): Promise<readonly string[]> {
  await context.storage.projections.catchUp(context.workspaceId);
  return (await context.storage.read.sources(context.workspaceId)).map((row) => row.sourceId);
}

/**
 * Writes facts of a source: `since` the state that they were thought of in, where they are no good in another one.
 * @throws RiskflowError `conflict` when it has changed since
 */
export async function writeSourceEvents(
  context: Context,
  sourceId: string,
  events: readonly SourceEvent[],
  since?: Pick<SourceState, 'version'>,
): Promise<void> {
  const written = await context.storage.events.write({
    workspaceId: context.workspaceId,
    actor: context.actor,
    appends: [
      { log: 'ledger', stream: sourceStream(sourceId), events, expected: since === undefined ? { any: true } : { version: since.version } },
    ],
  });
  if (written.status === 'conflict' && since !== undefined)
    throw new RiskflowError('conflict', `somebody else has changed the source "${sourceId}" at the same moment; nothing was changed here`, {
      hint: `look at it, and try again if it is still wanted: riskflow source status ${sourceId}`,
    });
  if (written.status !== 'written') throw new RiskflowError('internal', `the source "${sourceId}" could not be changed: ${written.status}`);
}
