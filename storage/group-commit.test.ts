import { describe, expect, it } from 'vitest';
import { GroupCommit, type Outcome } from './group-commit.ts';

type Rig = { readonly group: GroupCommit<string, string>; readonly slices: (readonly string[])[] };

/** Commits note their jobs; a slice that holds `bad` fails. */
function rig(options: { readonly sliceWeight?: number; readonly worthAlone?: boolean } = {}): Rig {
  const slices: (readonly string[])[] = [];
  const group = new GroupCommit<string, string>({
    commit: async (jobs): Promise<readonly Outcome<string>[]> => {
      slices.push(jobs);
      if (jobs.includes('bad')) throw new Error('the disk said no');
      return jobs.map((job) =>
        job === 'refused' ? { ok: false, error: new Error('refused alone') } : { ok: true, result: `done ${job}` },
      );
    },
    worthAlone: () => options.worthAlone ?? true,
    sliceWeight: options.sliceWeight ?? 100,
  });
  return { group, slices };
}

const outcomes = async (jobs: readonly Promise<string>[]): Promise<readonly string[]> =>
  (await Promise.allSettled(jobs)).map((each) => (each.status === 'fulfilled' ? each.value : String(each.reason)));

describe('group commit', () => {
  it('commits together what comes together, in its order', async () => {
    const { group, slices } = rig();
    expect(await outcomes(['a', 'b', 'c'].map((job) => group.add(job, 1)))).toEqual(['done a', 'done b', 'done c']);
    expect(await group.add('d', 1)).toBe('done d');
    expect(slices).toEqual([['a', 'b', 'c'], ['d']]);
  });

  it('ends a slice by weight, and lets a heavy job go alone', async () => {
    const { group, slices } = rig({ sliceWeight: 10 });
    const jobs: readonly (readonly [string, number])[] = [
      ['a', 4],
      ['b', 6],
      ['c', 1],
      ['d', 50],
      ['e', 1],
    ];
    await outcomes(jobs.map(([job, weight]) => group.add(job, weight)));
    expect(slices).toEqual([['a', 'b'], ['c'], ['d'], ['e']]);
  });

  it('gives each job its own outcome', async () => {
    const { group } = rig();
    expect(await outcomes(['a', 'refused', 'c'].map((job) => group.add(job, 1)))).toEqual(['done a', 'Error: refused alone', 'done c']);
  });

  it('tries jobs one by one when all together failed', async () => {
    const { group, slices } = rig();
    expect(await outcomes(['a', 'bad', 'c'].map((job) => group.add(job, 1)))).toEqual(['done a', 'Error: the disk said no', 'done c']);
    expect(slices).toEqual([['a', 'bad', 'c'], ['a'], ['bad'], ['c']]);
  });

  it('rejects all of them when trying each is no use', async () => {
    const { group, slices } = rig({ worthAlone: false });
    expect(await outcomes(['a', 'bad'].map((job) => group.add(job, 1)))).toEqual(['Error: the disk said no', 'Error: the disk said no']);
    expect(slices.length).toBe(1);
    expect(await group.add('later', 1)).toBe('done later');
  });

  it('writes what is waiting when it is closed, and nothing more', async () => {
    const { group, slices } = rig();
    const waiting = group.add('a', 1);
    await group.close();
    expect(slices).toEqual([['a']]);
    expect(await waiting).toBe('done a');
    await expect(group.add('b', 1)).rejects.toThrow('was closed');
  });
});
