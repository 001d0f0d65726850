/**
 * Makes a task that is asked for by the clock wait for itself: asked again while it is under way, it is done once more after that, however
 * often it was asked. So a storage that does not answer is asked by one, not by as many as there were ticks. `task` must not reject.
 */
export function oneAtATime(task: () => Promise<void>): () => void {
  let isUnderWay = false;
  let isWanted = false;
  const ask = (): void => {
    isWanted = true;
    if (!isUnderWay) void work();
  };
  const work = async (): Promise<void> => {
    isUnderWay = true;
    while (isWanted) {
      isWanted = false;
      await task();
    }
    isUnderWay = false;
  };
  return ask;
}
