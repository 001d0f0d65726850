import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { createCodeRunner } from '../index.ts';
import { beginSnapshot, snapshotFor } from './snapshot.ts';

const folder = mkdtempSync(join(tmpdir(), 'riskflow-snapshot-'));
vi.mock('node:module', async (original) => ({ ...(await original<object>()), getCompileCacheDir: () => folder }));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = async (): Promise<unknown> => {
  const runner = createCodeRunner({ python: 'pyodide', environment: {} });
  try {
    const code = 'import random\ndef main(a):\n    return {"a": a, "set": list({"a", "b", "c"})}';
    const result = await runner.run({ language: 'python3', code, inputsJson: '{"a":2.0}', signal: AbortSignal.timeout(60_000) });
    return result.ok ? result.json : result;
  } finally {
    await runner.close();
  }
};

describe('the snapshot of a started interpreter', { timeout: 120_000 }, () => {
  it('gives the same results with it as without, and is made anew when it is damaged', async () => {
    const without = await run();
    expect(without).toMatch(/^\{"a": 2\.0, /);
    const { file } = snapshotFor('pyodide-314.0.7-bare') ?? { file: '' };
    expect(dirname(file)).toBe(folder);
    // Nothing else is left there.
    expect(readdirSync(folder)).toHaveLength(1);
    const { size } = statSync(file);
    expect(size).toBeGreaterThan(2 ** 20);
    expect(await run()).toBe(without);

    writeFileSync(file, 'damaged');
    expect(await run()).toBe(without);
    expect(statSync(file).size).toBe(size);
  });

  it('is not kept when it was written in part', () => {
    const snapshot = { file: join(folder, 'other.snapshot'), isMade: false };
    const making = beginSnapshot(snapshot);
    making?.close();
    making?.finish(10);
    expect(existsSync(snapshot.file)).toBe(false);
    expect(readdirSync(folder).filter((name) => name.startsWith('other'))).toEqual([]);
  });
});
