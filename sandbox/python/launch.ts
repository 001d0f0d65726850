import { fileURLToPath } from 'node:url';
import type { Snapshot } from './snapshot.ts';

/** How a Python process is started. */
export type Launch = {
  readonly command: string;
  readonly args: readonly string[];
  /** A signal to the command, or the end of its pipes (see `withLifeline`). */
  readonly endsBy: 'signal' | 'pipe';
  /** The first line that it is told; `making` is the descriptor to write its snapshot to, or null. */
  readonly settings: (making: number | null) => object;
  /** What it starts from, or makes when it starts. */
  readonly snapshot: Snapshot | null;
  /** What it may take of the machine's memory, MiB; watched from outside where the system tells. Undefined: it has a limit of its own. */
  readonly mostResidentMb: number | undefined;
  /** Threads that a call may have, in the process that is forked for it; watched as the memory is. Undefined: nothing is forked. */
  readonly mostThreads: number | undefined;
  /** Milliseconds after which this program ends a call itself, beyond the limit of the call. */
  readonly graceMs: number;
};

/** What the guests may write to /tmp during one call, MiB. */
export const SCRATCH_MB = 16;

/** Folder of the Python sources that run inside. */
export const GUEST_FOLDER = fileURLToPath(new URL('./guest', import.meta.url));

/**
 * Runs a command so that it dies with this program, also when that is killed: the shell waits at descriptor 3 for the end of this program,
 * and kills the command then. It tells the command's process id there, as bubblewrap does.
 */
export function withLifeline(command: string, args: readonly string[]): Pick<Launch, 'command' | 'args' | 'endsBy'> {
  // Windows ends the processes of a program with it.
  if (process.platform === 'win32') return { command, args, endsBy: 'signal' };
  const script =
    'exec 9<&0; "$@" <&9 3>&- 9<&- & echo "{\\"child-pid\\": $!}" >&3; exec 0</dev/null 1>&- 2>&- 4>&- 9<&-; read -r _ <&3; kill -9 $!';
  return { command: '/bin/sh', args: ['-c', script, 'riskflow-lifeline', command, ...args], endsBy: 'pipe' };
}
