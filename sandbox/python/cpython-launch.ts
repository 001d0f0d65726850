import { jailArguments } from './jail.ts';
import { JAILED_PYTHON, seenOf, type Interpreter } from './interpreter.ts';
import { GUEST_FOLDER, SCRATCH_MB, type Launch } from './launch.ts';

export type CpythonParts = {
  /** Path of bubblewrap. */
  readonly bubblewrap: string;
  readonly interpreter: Interpreter;
  /** Folder of the installed packages; null for none. */
  readonly packages: string | null;
};

// Equal hashes of texts make the order of sets the same in every process. Threads of numeric libraries would be counted per call.
const VARIABLES = {
  PYTHONHASHSEED: '0',
  LD_LIBRARY_PATH: '/python/shared',
  LC_ALL: 'C.UTF-8',
  OPENBLAS_NUM_THREADS: '1',
  OMP_NUM_THREADS: '1',
  MKL_NUM_THREADS: '1',
  HOME: '/tmp',
};

/** More than any pool of threads has; what they take of the kernel, and of its numbers for processes, no limit of the jail counts for root. */
const MOST_THREADS = 256;

/** CPython in a jail of bubblewrap, which forks a child for each call (guest/zygote.py). */
export function launchCpython({ bubblewrap, interpreter, packages }: CpythonParts, memoryMb: number): Launch {
  const { seen, hidden } = seenOf(interpreter);
  const own = { from: GUEST_FOLDER, at: '/riskflow' };
  const installed = packages === null ? [] : [{ from: packages, at: '/packages' }];
  const command = [JAILED_PYTHON, '-s', '-S', '-B', '-X', 'utf8', '/riskflow/zygote.py'];
  return {
    command: bubblewrap,
    args: jailArguments({ seen: [...seen, own, ...installed], hidden, variables: VARIABLES }, command),
    endsBy: 'signal',
    settings: () => ({ memoryMb, scratchMb: SCRATCH_MB }),
    snapshot: null,
    mostResidentMb: undefined,
    mostThreads: MOST_THREADS,
    // Its own clock ends the child of a call; this one is for the case that the whole jail hangs.
    graceMs: 2000,
  };
}
