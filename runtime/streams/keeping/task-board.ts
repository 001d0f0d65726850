import type { SourceTask, TaskReport } from '../../../schemas/index.ts';
import type { Context } from '../../context.ts';

/** What a process says of its tasks for a source, kept where other processes can read it. */
export type TaskBoard = {
  /** @returns whether it is news */
  report(task: TaskReport): boolean;
  /** Takes back what was said of all tasks but one. */
  keepOnly(task: string): void;
  /** Says everything again, as a sign of life. */
  readonly repeat: () => void;
  /** Waits for what is on its way and takes back all that was said. */
  readonly close: () => Promise<void>;
};

export function openTaskBoard(context: Context, sourceId: string): TaskBoard {
  const { workspaceId, storage, owner } = context;
  const said = new Map<string, TaskReport>();
  let last: Promise<void> = Promise.resolve();
  const put = (report: TaskReport): void => {
    const task: SourceTask = { ...report, sourceId, by: owner, at: context.now() };
    // What is said of work must not end it: a storage that is away shows in the work itself.
    last = last.then(() => storage.tasks.report(workspaceId, task)).catch(() => undefined);
  };
  return {
    report: (report) => {
      const before = said.get(report.task);
      if (before?.state === report.state && before.trace === report.trace) return false;
      said.set(report.task, report);
      put(report);
      return true;
    },
    keepOnly: (task) => {
      for (const name of said.keys()) if (name !== task) said.delete(name);
      last = last.then(() => storage.tasks.forget(workspaceId, sourceId, owner)).catch(() => undefined);
      said.forEach(put);
    },
    repeat: () => said.forEach(put),
    close: async () => {
      await last;
      await storage.tasks.forget(workspaceId, sourceId, owner).catch(() => undefined);
    },
  };
}

/** Older words of a process are not believed. */
const SIGN_OF_LIFE_MS = 15_000;
export const REPEAT_MS = 5_000;

/** Tasks of processes that are there. */
export async function livingTasks(context: Context, sourceId: string): Promise<readonly SourceTask[]> {
  const tasks = await context.storage.tasks.list(context.workspaceId, sourceId);
  return tasks.filter(({ by, at }) => context.now() - at < SIGN_OF_LIFE_MS && !context.isDead(by));
}
