import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../../../schemas/index.ts';
import type { Context } from '../../context.ts';
import { keepSource, type KeepSourceOptions, type SourceNews } from './keep-source.ts';
import { listSourceIds } from '../source-state.ts';

const LOOK_MS = 2_000;
const AGAIN_MS = 5_000;

/** Works on every source of the workspace, those that are created later, too, until the signal aborts and all of it has ended. */
export async function keepSources(context: Context, options: Omit<KeepSourceOptions, 'inputs'>): Promise<void> {
  const { signal, onNews } = options;
  const kept = new Map<string, Promise<void>>();
  while (!signal.aborted) {
    const ids = await listSourceIds(context).catch(() => []);
    for (const sourceId of ids) {
      if (kept.has(sourceId)) continue;
      kept.set(
        sourceId,
        keepAgain(context, sourceId, { ...options, inputs: { onLog: (sentence) => onNews({ kind: 'notice', sourceId, sentence }) } }),
      );
    }
    await delay(LOOK_MS, undefined, { signal }).catch(() => undefined);
  }
  await Promise.all(kept.values());
}

async function keepAgain(context: Context, sourceId: string, options: KeepSourceOptions): Promise<void> {
  const { signal, onNews } = options;
  while (!signal.aborted) {
    try {
      await keepSource(context, sourceId, options);
    } catch (error) {
      if (signal.aborted) return;
      onNews({ kind: 'notice', sourceId, sentence: `cannot be worked on: ${messageOf(error)}` } satisfies SourceNews);
      await delay(AGAIN_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}
