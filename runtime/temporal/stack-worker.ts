import { DefaultLogger, Runtime } from '@temporalio/worker';
import type { EffectStore, Storage } from '../../schemas/index.ts';
import type { AppendResult, FactsToAppend } from '../../workflows/index.ts';
import { prepareBundle } from './bundle.ts';
import { createRunActivities } from './run-activities.ts';
import { openRig, type RigPlace } from './stack-rig.ts';
import { startRunWorker } from './worker.ts';
import type { TemporalPlace } from './address.ts';

/** What the worker of a test that is going to be killed needs to know. */
export type StackWorkerOptions = RigPlace &
  TemporalPlace & {
    /** Default: it hangs as soon as it has stored a result. */
    readonly works?: boolean;
    /** It kills itself as soon as it has written the end of a run. */
    readonly diesAtEnd?: boolean;
  };

/**
 * A worker that stores the result of its first effect, says so, and never tells Temporal; or one that simply works. It waits to be killed,
 * unless it dies by itself.
 */
Runtime.install({ logger: new DefaultLogger('ERROR') });
const options = JSON.parse(process.argv[2] ?? '{}') as StackWorkerOptions;
const rig = await openRig(options);
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const hanging: Storage = { ...rig.storage, effects: { ...rig.storage.effects, put: storeAndHang(rig.storage.effects) } };
const storage = options.works === true ? rig.storage : hanging;
const activities = createRunActivities({ ...rig.deps, storage });
await startRunWorker({
  ...options,
  workflowBundle: await prepareBundle(),
  activities: options.diesAtEnd === true ? { ...activities, appendFacts: appendAndDie } : activities,
});
say('started');

async function appendAndDie(facts: FactsToAppend): Promise<AppendResult> {
  const result = await activities.appendFacts(facts);
  if (facts.status !== 'running') process.kill(process.pid, 'SIGKILL');
  return result;
}

function storeAndHang(effects: EffectStore): EffectStore['put'] {
  return async (workspaceId, entry) => {
    await effects.put(workspaceId, entry);
    say(`stored ${entry.effectId}`);
    return new Promise<never>(() => undefined);
  };
}
