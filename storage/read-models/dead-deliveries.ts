import type { DeadDeliveryRow, ReadModels } from '../../schemas/core.ts';
import type { Database } from '../database.ts';

/** In the order of what they tell, or the other way round. */
export function readDeadDeliveries({ read }: Database): ReadModels['deadDeliveries'] {
  return async (workspaceId, { sink, after = 0, newestFirst = false, limit }) => {
    const rows = await read
      .selectFrom('dead_deliveries')
      .selectAll()
      .where('workspace_id', '=', workspaceId)
      .where('sink', '=', sink)
      .where('is_dead', '=', 1)
      .where('n', '>', after)
      .orderBy('n', newestFirst ? 'desc' : 'asc')
      .limit(limit)
      .execute();
    return rows.map((row): DeadDeliveryRow => ({
      sink: row.sink,
      part: row.part,
      messageId: row.message_id,
      n: row.n,
      reason: row.reason,
      gaveUp: row.gave_up === 1,
      at: row.refused_at,
    }));
  };
}

export function countDeadDeliveries({ read }: Database): ReadModels['deadDeliveryCount'] {
  return async (workspaceId, sink) => {
    const row = await read
      .selectFrom('dead_deliveries')
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .where('workspace_id', '=', workspaceId)
      .where('sink', '=', sink)
      .where('is_dead', '=', 1)
      .executeTakeFirst();
    return Number(row?.count ?? 0);
  };
}
