import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { isDead, processIdentity } from './process-identity.ts';

describe('process identity', () => {
  it('is another owner each time, of the same process', () => {
    const [a, b] = [processIdentity(), processIdentity()];
    expect(a.owner).not.toBe(b.owner);
    expect({ ...a, owner: '' }).toEqual({ ...b, owner: '' });
    expect(a.pid).toBe(process.pid);
    expect(a.boot.length).toBeGreaterThan(5);
  });

  it('knows a process that ended from one that runs', async () => {
    const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: ['pipe', 'ignore', 'ignore'] });
    const owner = { ...processIdentity(), pid: child.pid ?? 0 };
    expect(isDead(owner)).toBe(false);
    child.kill('SIGKILL');
    await once(child, 'close');
    expect(isDead(owner)).toBe(true);
    expect(isDead(processIdentity())).toBe(false);
  });

  it('never calls a process dead that it cannot see: of another host, boot or container', () => {
    const gone = { ...processIdentity(), pid: 2 ** 30 };
    expect(isDead(gone)).toBe(true);
    expect(isDead({ ...gone, host: 'elsewhere' })).toBe(false);
    expect(isDead({ ...gone, boot: 'before' })).toBe(false);
  });
});
