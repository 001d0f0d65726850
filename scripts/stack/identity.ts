import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { StackFailure } from './failure.ts';

/**
 * Names one process for good. A process id alone does not: ids are used again, and killing by id alone could hit
 * a stranger. The start time is in clock ticks since boot, so the boot is part of the name.
 */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startTime: string;
  readonly boot: string;
}

const POLL_MS = 50;
const KILL_LIMIT_MS = 5_000;

/** What the kernel says about a process: whether any of it still runs, and when it started. */
interface ProcessStat {
  readonly alive: boolean;
  readonly startTime: string;
}

/** Reads the text of `/proc/PID/stat`; undefined when it is something else. */
export function parseStat(text: string): ProcessStat | undefined {
  // The second field is the program's name in parentheses, which may itself hold spaces and parentheses.
  const behindName = text.slice(text.lastIndexOf(')') + 2);
  const fields = behindName.trim().split(' ');
  const [state, threads, startTime] = [fields[0], fields[17], fields[19]];
  if (state === undefined || threads === undefined || startTime === undefined || !/^\d+$/.test(startTime)) return undefined;
  // A killed process is a zombie as soon as its first thread has ended, while others may still hold ports and files.
  const buried = (state === 'Z' || state === 'X') && Number(threads) <= 1;
  return { alive: !buried, startTime };
}

/** The identity of a process that runs now; undefined when there is none or it is only waiting to be buried. */
export function identify(pid: number): ProcessIdentity | undefined {
  try {
    const stat = parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    if (stat === undefined || !stat.alive) return undefined;
    return { pid, startTime: stat.startTime, boot: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim() };
  } catch {
    return undefined;
  }
}

/** Whether exactly this process still runs. */
export function isRunning(identity: ProcessIdentity): boolean {
  const now = identify(identity.pid);
  return now !== undefined && now.startTime === identity.startTime && now.boot === identity.boot;
}

/**
 * Asks a process to end, waits `limitMs`, then kills it. Does nothing when it is gone or its id belongs to another
 * process by now. Throws StackFailure when it survives even that, or belongs to another user.
 */
export async function stopProcess(identity: ProcessIdentity, limitMs: number): Promise<'ended' | 'killed' | 'gone'> {
  if (!isRunning(identity)) return 'gone';
  signal(identity, 'SIGTERM');
  if (await ends(identity, limitMs)) return 'ended';
  signal(identity, 'SIGKILL');
  if (await ends(identity, KILL_LIMIT_MS)) return 'killed';
  throw new StackFailure(`process ${identity.pid} does not end, not even by SIGKILL`);
}

function signal(identity: ProcessIdentity, name: 'SIGTERM' | 'SIGKILL'): void {
  if (!isRunning(identity)) return;
  try {
    process.kill(identity.pid, name);
  } catch (error) {
    if (isRunning(identity)) throw new StackFailure(`cannot stop process ${identity.pid}: ${String(error)}`);
  }
}

async function ends(identity: ProcessIdentity, limitMs: number): Promise<boolean> {
  const deadline = performance.now() + limitMs;
  while (isRunning(identity)) {
    if (performance.now() > deadline) return false;
    await delay(POLL_MS);
  }
  return true;
}
