import type { Context } from '../context.ts';
import type { StagePlans } from './deciding/choose-stage.ts';
import type { RecordReading } from './deciding/record-inputs.ts';
import { loadStagePlans, readingOf } from './source-plans.ts';
import { readSourceState, type SourceState } from './source-state.ts';

/** A source as a process works on it: all of it of one moment. */
export type SourceView = { readonly state: SourceState; readonly plans: StagePlans; readonly reading: RecordReading };

export type SourceWatch = {
  /** As it was at the last look. */
  view(): SourceView;
  /** Looks again when the last look is a second old. Flows named without a version stay at the version they had, until the source changes. */
  refresh(): Promise<SourceView>;
};

const LOOK_MS = 1_000;

export async function watchSource(context: Context, sourceId: string): Promise<SourceWatch> {
  let view = await viewOf(context, sourceId);
  let lookedAt = performance.now();
  let looking: Promise<void> | undefined;
  const look = async (): Promise<void> => {
    const state = await readSourceState(context, sourceId);
    if (state.version !== view.state.version) view = await viewOf(context, sourceId);
    lookedAt = performance.now();
  };
  return {
    view: () => view,
    refresh: async () => {
      if (performance.now() - lookedAt >= LOOK_MS) await (looking ??= look().finally(() => (looking = undefined)));
      return view;
    },
  };
}

async function viewOf(context: Context, sourceId: string): Promise<SourceView> {
  const state = await readSourceState(context, sourceId);
  return { state, plans: await loadStagePlans(context, state), reading: readingOf(state) };
}
