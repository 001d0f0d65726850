import { readFile } from 'node:fs/promises';
import { MEMORY_MESSAGE } from '../failures.ts';
import type { Launch } from './launch.ts';

const PAGE_BYTES = 4096;

/**
 * What a process takes of the machine that it may not, in words; undefined where it keeps to its limits. `pid`: the process that user code
 * runs in, or that forks one for it. Where the system does not tell (not Linux), the limits inside must do.
 */
export async function tooMuch(
  pid: number | undefined,
  { mostResidentMb, mostThreads }: Pick<Launch, 'mostResidentMb' | 'mostThreads'>,
): Promise<string | undefined> {
  if (pid === undefined) return undefined;
  if (mostResidentMb !== undefined && (await residentMb(pid)) > mostResidentMb) return MEMORY_MESSAGE;
  if (mostThreads !== undefined && (await threadsBelow(pid)) > mostThreads) return `The code made more than ${mostThreads} threads.`;
  return undefined;
}

async function residentMb(pid: number): Promise<number> {
  const pages = await textOf(`${pid}/statm`);
  return (Number(pages.split(' ')[1] ?? 0) * PAGE_BYTES) / 2 ** 20;
}

async function threadsBelow(pid: number): Promise<number> {
  const children = (await textOf(`${pid}/task/${pid}/children`)).split(' ').filter((child) => /^\d+$/.test(child));
  const counts = await Promise.all(
    children.map(async (child) => Number(/^Threads:\s+(\d+)/m.exec(await textOf(`${child}/status`))?.[1] ?? 0)),
  );
  return Math.max(0, ...counts);
}

/** "" where it is no longer there. */
const textOf = (file: string): Promise<string> => readFile(`/proc/${file}`, 'utf8').catch(() => '');
