import { type EffectResult, isRiskflowError, type WriteResult, type WriteUnit } from '../schemas/core.ts';
import type { Database } from './database.ts';
import { GroupCommit, type Outcome } from './group-commit.ts';
import { type EffectEntry, type PreparedEffect, prepareEffect, putEffects } from './operations/put-effects.ts';
import { type PreparedUnit, prepareUnit } from './operations/prepare-unit.ts';
import { writeUnits } from './operations/write-units.ts';
import type { Upcasters } from './upcasting.ts';

/** Units and effect results of a process, coalesced into shared transactions. */
export type Writer = {
  readonly write: (unit: WriteUnit) => Promise<WriteResult>;
  readonly putEffect: (workspaceId: string, entry: EffectEntry) => Promise<EffectResult>;
  readonly close: () => Promise<void>;
};

type Job = { readonly unit: PreparedUnit } | { readonly effect: PreparedEffect };
type Done = { readonly written: WriteResult } | { readonly stored: EffectResult };

export function createWriter(database: Database, upcasters: Upcasters): Writer {
  const commitUnits = writeUnits(database, upcasters);
  const commitEffects = putEffects(database);
  const group = new GroupCommit<Job, Done>({
    commit: (jobs) => {
      let look = database.dialect.looksAreFree;
      return database.transaction((trx) => {
        const options = { look };
        look = true;
        return commitJobs(jobs, { units: (units) => commitUnits(trx, units), effects: (effects) => commitEffects(trx, effects, options) });
      });
    },
    // A lock that did not become free will not do so for each of them either.
    worthAlone: (error) => !isRiskflowError(error),
    sliceWeight: database.dialect.sliceWeight,
  });
  return {
    write: async (unit) => {
      const prepared = prepareUnit(unit, upcasters);
      const done = await group.add({ unit: prepared }, prepared.weight);
      return 'written' in done ? done.written : neverHappens();
    },
    putEffect: async (workspaceId, entry) => {
      const done = await group.add({ effect: prepareEffect(workspaceId, entry) }, 1);
      return 'stored' in done ? done.stored : neverHappens();
    },
    close: () => group.close(),
  };
}

const neverHappens = (): never => {
  throw new TypeError('a job of one kind was answered as another');
};

async function commitJobs(
  jobs: readonly Job[],
  commit: {
    readonly units: (units: readonly PreparedUnit[]) => Promise<readonly Outcome<WriteResult>[]>;
    readonly effects: (effects: readonly PreparedEffect[]) => Promise<readonly EffectResult[]>;
  },
): Promise<readonly Outcome<Done>[]> {
  // Results of effects first: their locks are not waited for by anybody who holds a counter.
  const effects = (await commit.effects(jobs.flatMap((job) => ('effect' in job ? [job.effect] : [])))).values();
  const units = (await commit.units(jobs.flatMap((job) => ('unit' in job ? [job.unit] : [])))).values();
  return jobs.map((job): Outcome<Done> => {
    if ('effect' in job) {
      const { value } = effects.next();
      return value === undefined
        ? { ok: false, error: new TypeError('an effect without an outcome') }
        : { ok: true, result: { stored: value } };
    }
    const { value } = units.next();
    if (value === undefined) return { ok: false, error: new TypeError('a unit without an outcome') };
    return value.ok ? { ok: true, result: { written: value.result } } : value;
  });
}
