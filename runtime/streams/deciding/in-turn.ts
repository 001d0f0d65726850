/** Runs tasks with equal keys one after another, in the order of the calls; those without a key at once. Behind a failed one no task of its key begins. */
export function inTurn(): <T>(key: string | null, task: () => Promise<T>) => Promise<T> {
  const last = new Map<string, Promise<unknown>>();
  return (key, task) => {
    if (key === null) return task();
    const before = last.get(key);
    const mine = before === undefined ? task() : before.then(task);
    last.set(key, mine);
    const forget = (): void => {
      if (last.get(key) === mine) last.delete(key);
    };
    mine.then(forget, forget);
    return mine;
  };
}
