import { shortProviderId } from '../../models/index.ts';
import type { Config } from '../../schemas/index.ts';
import { providerQueue } from '../../workflows/core.ts';

/** A task queue of a model provider, and how many calls a second the server hands out from it, over all workers. */
export type ProviderQueue = { readonly provider: string; readonly taskQueue: string; readonly callsPerSecond: number };

/** The queues that every worker with this configuration polls beside the main one, by the provider's name. */
export function providerQueues({ models = {} }: Pick<Config, 'models'>, mainQueue: string): readonly ProviderQueue[] {
  return Object.entries(models)
    .flatMap(([id, { callsPerSecond }]) => {
      const provider = shortProviderId(id);
      return callsPerSecond === undefined ? [] : [{ provider, taskQueue: providerQueue(mainQueue, provider), callsPerSecond }];
    })
    .toSorted((a, b) => (a.provider < b.provider ? -1 : 1));
}

/** Of providers as flows write them, those that have such a queue → its provider. Endpoints of the configuration only. */
export function limitedProviders({
  models = {},
}: Pick<Config, 'models'>): (providers: readonly string[]) => Readonly<Record<string, string>> {
  const limited = new Set(Object.keys(models).flatMap((id) => (models[id]?.callsPerSecond === undefined ? [] : [shortProviderId(id)])));
  return (providers) =>
    Object.fromEntries(
      providers.flatMap((provider) => (limited.has(shortProviderId(provider)) ? [[provider, shortProviderId(provider)] as const] : [])),
    );
}
