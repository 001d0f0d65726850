import { DefaultLogger, makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import { openApp, readSettings } from '../../runtime/index.ts';
import { appActivities, payloadBlobs, prepareBundle, startRunWorker } from '../../runtime/temporal/app-worker.ts';
import { neededTemporal } from '../../runtime/temporal/place.ts';
import type { EffectExecutor } from '../../schemas/index.ts';

/**
 * A program: the worker of the application, but that an effect of a node (its first argument) that holds a text (the second) ends the process as `kill -9` would. Says
 * `ready` when it works, and who is to blame before it dies.
 */
const [, , node, poison = ''] = process.argv;
const filter = makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' });
Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [], telemetryOptions: { logging: { filter } } });
const { context } = await openApp(readSettings(process.env, process.cwd()), { actor: 'dying' });
const effects: typeof context.effects = (models) => {
  const perform = context.effects(models);
  const deadly: EffectExecutor = (effect, options) => {
    if (effect.nodeId !== node || !JSON.stringify(effect.request).includes(poison)) return perform(effect, options);
    process.stdout.write(`${effect.runId}\n`, () => process.kill(process.pid, 'SIGKILL'));
    return new Promise(() => undefined);
  };
  return deadly;
};
await startRunWorker({
  ...neededTemporal(context.settings.temporal),
  activities: appActivities({ ...context, effects }),
  workflowBundle: await prepareBundle(),
  blobs: payloadBlobs(context.storage, context.workspaceId),
});
process.stdout.write('ready\n');
