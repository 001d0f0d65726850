import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openSqliteStorage } from '../../storage/index.ts';
import { isOnlyNamespace } from './payload-cleanup.ts';

describe('the namespace of a workspace', () => {
  it('is the only one until another is seen, and never again after that, for neither', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'riskflow-namespaces-'));
    const storage = await openSqliteStorage({ folder });
    const ask = (workspaceId: string, id: string): Promise<boolean> => isOnlyNamespace({ storage, workspaceId }, id);
    expect([await ask('w', 'one'), await ask('w', 'one')]).toEqual([true, true]);
    expect(await ask('w', 'two')).toBe(false);
    expect([await ask('w', 'one'), await ask('w', 'two')]).toEqual([false, false]);
    // Another workspace has its own.
    expect(await ask('v', 'two')).toBe(true);
    await storage.close();
    rmSync(folder, { recursive: true, force: true });
  });
});
