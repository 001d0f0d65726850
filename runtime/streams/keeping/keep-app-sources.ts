import type { Context } from '../../context.ts';
import type { SourceNews } from './keep-source.ts';
import { keepSources } from './keep-sources.ts';

/**
 * Works on all sources until the signal aborts. Where a Temporal server is set this process reads, and workers decide.
 * @throws RiskflowError when the server that is set does not answer
 */
export async function keepAppSources(
  context: Context,
  { signal, onNews }: { readonly signal: AbortSignal; readonly onNews: (news: SourceNews) => void },
): Promise<void> {
  if (context.settings.temporal === undefined) return keepSources(context, { signal, onNews });
  // Loaded when it is needed: it takes longer than all the rest of the program.
  const { connectSourceClient } = await import('../../temporal/source-client.ts');
  const client = await connectSourceClient(context);
  try {
    await keepSources(context, { signal, onNews, askOthers: client.keepDeciding });
  } finally {
    await client.close();
  }
}
