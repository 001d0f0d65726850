import type { ScheduledWindow, Values } from '../../schemas/index.ts';
import type { Context } from '../context.ts';
import { trendWindow, windowInput } from '../trends/trend-window.ts';

/** What is known of a window of a source now, as the input `window` of a flow. @throws RiskflowError for a source that is gone or has no trends */
export async function scheduledWindow(context: Context, { sourceId, windowMinutes }: ScheduledWindow): Promise<Values> {
  return windowInput(await trendWindow(context, { sourceId, ...(windowMinutes === null ? {} : { windowMinutes }) }));
}
