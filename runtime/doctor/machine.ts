import { totalmem } from 'node:os';
import { ok, warning, type Judgement, type Subject } from './finding.ts';

export type MachineFacts = {
  /** What the process may use: of the machine, or of its container where that has a limit. */
  readonly memoryBytes: number;
  readonly freeBytes: number;
  /** Files and sockets that the process may have open; undefined where there is no such limit. */
  readonly openFiles: number | undefined;
};

export const machine: Subject = {
  name: 'machine',
  examine: ({ reading }) => Promise.resolve(judgeMachine(gatherMachine(), reading.temporal?.value !== undefined)),
};

function gatherMachine(): MachineFacts {
  const limit = process.constrainedMemory();
  return {
    memoryBytes: limit > 0 ? Math.min(limit, totalmem()) : totalmem(),
    freeBytes: process.availableMemory(),
    openFiles: openFiles(),
  };
}

function openFiles(): number | undefined {
  const report: unknown = process.report?.getReport();
  const soft = ['userLimits', 'open_files', 'soft'].reduce(childOf, report);
  return typeof soft === 'number' ? soft : undefined;
}

const childOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Object.entries(value).find(([key]) => key === name)?.[1] : undefined;

const GIB = 1024 ** 3;
/** An evaluation of 10,000 samples takes a quarter of a gigabyte, a worker of Temporal twice that; the rest is for the system. */
const WANTED = { here: 1 * GIB, worker: 2 * GIB };
const FREE = 0.25 * GIB;
const OPEN_FILES = 1024;

/** @param onTemporal whether a worker may run here */
export function judgeMachine({ memoryBytes, freeBytes, openFiles: files }: MachineFacts, onTemporal: boolean): readonly Judgement[] {
  const wanted = onTemporal ? WANTED.worker : WANTED.here;
  const text = `${gigabytes(memoryBytes)}, of which ${gigabytes(freeBytes)} can be had`;
  const memory =
    memoryBytes < wanted
      ? warning('memory', `${text}; ${gigabytes(wanted)} are recommended`, 'give the machine or the container more')
      : freeBytes < FREE
        ? warning('memory', text, 'stop what else runs here')
        : ok('memory', text);
  if (files === undefined) return [memory];
  const descriptors =
    files < OPEN_FILES
      ? warning('open files', `${files} at most`, `ulimit -n ${OPEN_FILES * 4}, or LimitNOFILE= of systemd`)
      : ok('open files', `${files} at most`);
  return [memory, descriptors];
}

const gigabytes = (bytes: number): string => `${(bytes / GIB).toFixed(1)} GB`;
