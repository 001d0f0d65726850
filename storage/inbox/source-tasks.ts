import type { SourceTask, SourceTaskStore } from '../../schemas/core.ts';
import type { Database } from '../database.ts';
import { checkId } from '../ids.ts';
import { rowInserter } from '../insert-rows.ts';
import { sourceTasksTable } from '../tables/primary-tables.ts';

export function reportTask(database: Database): SourceTaskStore['report'] {
  const set = rowInserter(database.dialect, sourceTasksTable, { onTaken: 'replace' });
  return (workspaceId, { sourceId, task, state, trace, by, at }) => {
    checkId('the workspace', workspaceId, 64);
    checkId('the source', sourceId, 190);
    checkId('the task', task, 255);
    const row = { workspace_id: workspaceId, source_id: sourceId, task, ...by, state, trace, reported_at: at };
    return database.transaction((trx) => set(trx, [row]));
  };
}

export function listTasks({ read }: Database): SourceTaskStore['list'] {
  return async (workspaceId, sourceId) => {
    const rows = await read
      .selectFrom('source_tasks')
      .selectAll()
      .where('workspace_id', '=', workspaceId)
      .where('source_id', '=', sourceId)
      .orderBy('task')
      .orderBy('owner')
      .execute();
    return rows.map((row): SourceTask => ({
      sourceId: row.source_id,
      task: row.task,
      state: row.state as SourceTask['state'],
      trace: row.trace,
      by: { owner: row.owner, host: row.host, boot: row.boot, pid: row.pid },
      at: row.reported_at,
    }));
  };
}

export function forgetTasks(database: Database): SourceTaskStore['forget'] {
  return (workspaceId, sourceId, { owner }) =>
    database.transaction(async (trx) => {
      await trx
        .deleteFrom('source_tasks')
        .where('workspace_id', '=', workspaceId)
        .where('source_id', '=', sourceId)
        .where('owner', '=', owner)
        .execute();
    });
}

export function forgetOlderTasks(database: Database): SourceTaskStore['forgetOlder'] {
  return (workspaceId, sourceId, before) =>
    database.transaction(async (trx) => {
      await trx
        .deleteFrom('source_tasks')
        .where('workspace_id', '=', workspaceId)
        .where('source_id', '=', sourceId)
        .where('reported_at', '<', before)
        .execute();
    });
}
