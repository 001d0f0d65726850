import type { NewEvent, Storage } from '../schemas/index.ts';

/** Ours and the bare loop take turns, since a disk that others use changes from second to second. */
const ROUNDS = 4;
const ROUND_MS = 500;
export const WORKSPACE = 'default';
const TEXT = 'Your parcel could not be delivered. Confirm your address and pay the fee at the link below within 24 hours. ';
export const USAGE = { inputTokens: 120, outputTokens: 3, cost: 0.0001, calls: 1 };

/** An event as a run writes them: about 500 bytes of JSON. */
export const nodeFinished = (index: number): NewEvent => ({
  type: 'NodeFinished',
  data: {
    nodeId: `node-${index}`,
    path: [],
    visit: 1,
    index,
    status: 'succeeded',
    inputs: { text: TEXT },
    outputs: { text: TEXT, label: 'scam' },
    handle: 'source',
    error: null,
    effectId: null,
    usage: USAGE,
    elapsedMs: 50,
    startedAt: 1_760_000_000_000,
    at: 1_760_000_000_050,
  },
});

export type Measured = { readonly perSecond: number; readonly cpuMsPerThousand: number };
/** Writes events until it is over. Returns how many. */
export type Work = (isOver: () => boolean) => Promise<number>;

/** Events per second of wall time and CPU for a thousand of them, for works that take turns. */
export async function measure(works: readonly Work[]): Promise<readonly Measured[]> {
  const sums = works.map((work) => ({ work, done: 0, elapsed: 0, cpu: 0 }));
  for (let round = 0; round < ROUNDS; round++) {
    for (const sum of sums) {
      const cpu = process.cpuUsage();
      const from = performance.now();
      sum.done += await sum.work(() => performance.now() - from > ROUND_MS);
      sum.elapsed += performance.now() - from;
      const { user, system } = process.cpuUsage(cpu);
      sum.cpu += user + system;
    }
  }
  return sums.map(({ done, elapsed, cpu }) => ({ perSecond: (done / elapsed) * 1000, cpuMsPerThousand: cpu / done }));
}

/** Units of `size` events, each to a stream of its own, from so many writers at once. */
export const writeUnits =
  (storage: Storage, { writers, size, name }: { readonly writers: number; readonly size: number; readonly name: string }): Work =>
  async (isOver) => {
    let units = 0;
    const writeOn = async (): Promise<void> => {
      while (!isOver()) {
        const events = Array.from({ length: size }, (_, i) => nodeFinished(i));
        const stream = `run/${name}-${performance.now()}-${units++}`;
        const append = { log: 'runs-0', stream, events, expected: { version: 0 } } as const;
        const result = await storage.events.write({ workspaceId: WORKSPACE, actor: 'bench', appends: [append] });
        if (result.status !== 'written') throw new Error(`not written: ${result.status}`);
      }
    };
    await Promise.all(Array.from({ length: writers }, writeOn));
    return units * size;
  };

export const count = (n: number): string => Math.round(n).toLocaleString('en');
