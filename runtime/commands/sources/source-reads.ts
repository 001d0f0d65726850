import type { Context } from '../../context.ts';
import { modelWarnings } from '../../model-warnings.ts';
import { isEndless } from '../../streams/intake/read-source.ts';
import { planOfStage } from '../../streams/source-plans.ts';
import { readSourceState } from '../../streams/source-state.ts';

/** What to know about the flow that decides the records of a start. */
export async function sourceWarnings(context: Context, sourceId: string): Promise<readonly string[]> {
  return modelWarnings(await planOfStage(context, (await readSourceState(context, sourceId)).live));
}

/** Whether a source has no end of its own, so that a start follows it. */
export async function isEndlessSource(context: Context, sourceId: string): Promise<boolean> {
  return isEndless((await readSourceState(context, sourceId)).settings.connector);
}
