import { randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname, uptime } from 'node:os';
import type { LeaseOwner } from '../schemas/core.ts';

/** This process as an owner of leases. Make it once per process: every call is another owner. */
export function processIdentity(): LeaseOwner {
  return { owner: randomUUID(), host: hostname(), boot: bootIdentity(), pid: process.pid };
}

/**
 * Whether an owner certainly runs no more: it was a process of this host since its last start, and there is no process with
 * its number now. In doubt false; then its lease has to expire.
 */
export function isDead(owner: LeaseOwner): boolean {
  if (owner.host !== hostname() || owner.boot !== bootIdentity()) return false;
  try {
    process.kill(owner.pid, 0);
    return false;
  } catch (error) {
    // Anything else (EPERM) means that there is such a process.
    return error instanceof Error && 'code' in error && error.code === 'ESRCH';
  }
}

/**
 * Equal for processes that see each other's numbers. On Linux the kernel's boot id with the namespace of process numbers, since
 * containers share the former; elsewhere the minute in which the machine was started.
 */
function bootIdentity(): string {
  try {
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}/${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return `minute ${Math.round((Date.now() - uptime() * 1000) / 60_000)}`;
  }
}
