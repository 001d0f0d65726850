import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { withLock } from './lock.ts';

test('the second waits for the first, says so once, and a failure gives the lock back', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'stack-lock-'));
  const path = join(folder, 'deeper', 'lock');
  const seen: string[] = [];
  const working = Promise.withResolvers<void>();
  const told = Promise.withResolvers<void>();
  const first = withLock(
    path,
    () => seen.push('first waits'),
    async () => {
      working.resolve();
      await told.promise;
      seen.push('first ends');
      throw new Error('broken');
    },
  );
  // Looked at from the start, so that its failure is never one that nobody handles.
  const firstOutcome = first.catch(String);
  await working.promise;
  const waits = (): void => {
    seen.push('second waits');
    told.resolve();
  };
  await withLock(path, waits, async () => seen.push('second ends'));
  expect(await firstOutcome).toBe('Error: broken');
  expect(seen).toEqual(['second waits', 'first ends', 'second ends']);
  await rm(folder, { recursive: true });
});
