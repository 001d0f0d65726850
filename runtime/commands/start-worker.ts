import type { Context } from '../context.ts';
import type { TemporalPlace } from '../temporal/address.ts';
import { neededTemporal } from '../temporal/place.ts';
import type { RunWorker } from '../temporal/worker.ts';

/** Starts a worker over the application's storage, models and sandbox. @throws RiskflowError when no server is set or none answers */
export async function startAppWorker(
  context: Context,
  options: { readonly maxEffects?: number } = {},
): Promise<Omit<TemporalPlace, 'tls'> & { readonly worker: RunWorker }> {
  const place = neededTemporal(context.settings.temporal);
  // Loaded when it is needed: it is larger than all the rest of the program.
  const { appActivities, installQuietRuntime, startRunWorker } = await import('../temporal/app-worker.ts');
  installQuietRuntime();
  const worker = await startRunWorker({ ...place, ...options, activities: appActivities(context) });
  const { address, namespace, taskQueue } = place;
  return { address, namespace, taskQueue, worker };
}
