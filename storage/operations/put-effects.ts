import type { EffectResult, EffectStore } from '../../schemas/core.ts';
import type { Database, Executor } from '../database.ts';
import { checkId } from '../ids.ts';
import { rowInserter } from '../insert-rows.ts';
import { decodeJson, encodeJson } from '../json-codec.ts';
import { rowsOf } from '../prepared-query.ts';
import { fillKeys } from '../select-by-keys.ts';
import { effectResultsTable } from '../tables/primary-tables.ts';
import type { RowOf } from '../tables/table-spec.ts';
import { keyOf } from './batch-state.ts';

type EffectRow = RowOf<typeof effectResultsTable>;
export type EffectEntry = Parameters<EffectStore['put']>[1];
export type PreparedEffect = { readonly workspaceId: string; readonly entry: EffectEntry; readonly json: string };

/** Each is one search in the primary key. */
const MAX_LOOKUPS = 64;

/** Checks and encodes a result before it joins others in a transaction, so that a bad one fails alone. */
export function prepareEffect(workspaceId: string, entry: EffectEntry): PreparedEffect {
  checkId('the workspace', workspaceId, 64);
  checkId('the run', entry.runId, 190);
  checkId('the effect', entry.effectId, 255);
  if (entry.reuse !== undefined) {
    checkId('the scope of reuse', entry.reuse.scope, 190);
    checkId('the content key', entry.reuse.contentKey, 190);
  }
  return { workspaceId, entry, json: encodeJson(entry.result) };
}

export type PutEffects = (
  trx: Executor,
  effects: readonly PreparedEffect[],
  options: { readonly look: boolean },
) => Promise<readonly EffectResult[]>;

/**
 * Stores results within one transaction, in their order. Where one is there already, that one is returned.
 *
 * Without `look` all are taken for new. A duplicate fails the transaction then, as it does where another process comes between our look
 * and our insert: it has to run again with a look, which finds the row.
 */
export function putEffects(database: Database): PutEffects {
  const insert = rowInserter(database.dialect, effectResultsTable, { onTaken: 'fail' });
  return async (trx, effects, { look }) => {
    const known = look ? await readKnown(trx, effects) : new Map<string, EffectResult>();
    const now = database.now();
    const rows: EffectRow[] = [];
    const results = effects.map(({ workspaceId, entry, json }) => {
      const key = keyOf(workspaceId, entry.runId, entry.effectId);
      const there = known.get(key);
      if (there !== undefined) return there;
      known.set(key, entry.result);
      rows.push({
        workspace_id: workspaceId,
        run_id: entry.runId,
        effect_id: entry.effectId,
        scope: entry.reuse?.scope ?? null,
        content_key: entry.reuse?.contentKey ?? null,
        result: json,
        stored_at: now,
      });
      return entry.result;
    });
    await insert(trx, rows);
    return results;
  };
}

async function readKnown(trx: Executor, effects: readonly PreparedEffect[]): Promise<Map<string, EffectResult>> {
  const known = new Map<string, EffectResult>();
  for (let at = 0; at < effects.length; at += MAX_LOOKUPS) {
    const some = fillKeys(effects.slice(at, at + MAX_LOOKUPS));
    const places = some.map(() => '(workspace_id = ? and run_id = ? and effect_id = ?)').join(' or ');
    const text = `select workspace_id, run_id, effect_id, result from effect_results where ${places}`;
    const parameters = some.flatMap(({ workspaceId, entry }) => [workspaceId, entry.runId, entry.effectId]);
    for (const row of await rowsOf<Pick<EffectRow, 'workspace_id' | 'run_id' | 'effect_id' | 'result'>>(trx, text, parameters)) {
      known.set(keyOf(row.workspace_id, row.run_id, row.effect_id), decodeJson(row.result) as EffectResult);
    }
  }
  return known;
}
