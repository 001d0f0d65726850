import { describe, expect, it } from 'vitest';
import type { EffectResult, Storage } from '../../schemas/core.ts';
import type { Backend } from './backend.ts';
import { freshWorkspace, succeeded } from './fixtures.ts';
import { useStorage } from './use-storage.contract.ts';

const failed: EffectResult = {
  status: 'failed',
  error: { message: 'no', type: 'HTTPResponseCodeError', retryable: false },
  usage: { inputTokens: null, outputTokens: null, cost: null, calls: 1 },
  elapsedMs: 3,
  reused: false,
};

export function effectsContract(backend: Backend): void {
  describe('effect results', () => {
    let storage: Storage;
    useStorage(backend, (own) => ({ storage } = own));

    it('are found under run and effect', async () => {
      const ws = freshWorkspace();
      expect(await storage.effects.put(ws, { runId: 'r', effectId: 'e', result: failed })).toEqual(failed);
      expect(await storage.effects.find(ws, 'r', 'e')).toEqual(failed);
      expect(await storage.effects.find(ws, 'r', 'other')).toBeUndefined();
      expect(await storage.effects.find(ws, 'other', 'e')).toBeUndefined();
    });

    it('stay: the first one is returned to whoever comes later', async () => {
      const ws = freshWorkspace();
      const entry = (text: string): Parameters<Storage['effects']['put']>[1] => ({ runId: 'r', effectId: 'e', result: succeeded(text) });
      expect(await storage.effects.put(ws, entry('first'))).toEqual(succeeded('first'));
      expect(await storage.effects.put(ws, entry('second'))).toEqual(succeeded('first'));
      expect(await storage.effects.find(ws, 'r', 'e')).toEqual(succeeded('first'));
      const together = await Promise.all(['x', 'y', 'z'].map((text) => storage.effects.put(ws, { ...entry(text), effectId: 'e-2' })));
      expect(together).toEqual([succeeded('x'), succeeded('x'), succeeded('x')]);
    });

    it('are reused by content within a scope', async () => {
      const ws = freshWorkspace();
      const put = (runId: string, scope: string, text: string): Promise<EffectResult> =>
        storage.effects.put(ws, { runId, effectId: 'e', result: succeeded(text), reuse: { scope, contentKey: 'k' } });
      await put('r-1', 'evaluation/1', 'one');
      await put('r-2', 'evaluation/2', 'two');
      await put('r-3', 'evaluation/1', 'three');
      await storage.effects.put(ws, { runId: 'r-4', effectId: 'e', result: succeeded('not reusable') });
      expect(await storage.effects.findReusable(ws, 'evaluation/2', 'k')).toEqual(succeeded('two'));
      expect(await storage.effects.findReusable(ws, 'evaluation/1', 'other')).toBeUndefined();
      expect(await storage.effects.findReusable(ws, 'evaluation/3', 'k')).toBeUndefined();
      expect([succeeded('one'), succeeded('three')]).toContainEqual(await storage.effects.findReusable(ws, 'evaluation/1', 'k'));
    });

    it('come in great numbers at once', async () => {
      const ws = freshWorkspace();
      const names = Array.from({ length: 700 }, (_, i) => `e-${i}`);
      await Promise.all(names.map((effectId) => storage.effects.put(ws, { runId: 'r', effectId, result: succeeded(effectId) })));
      expect(await storage.effects.find(ws, 'r', 'e-699')).toEqual(succeeded('e-699'));
      expect(await storage.effects.find(ws, 'r', 'e-0')).toEqual(succeeded('e-0'));
    });

    it('with names too long for a key are refused alone', async () => {
      const ws = freshWorkspace();
      const settled = await Promise.allSettled([
        storage.effects.put(ws, { runId: 'r', effectId: 'x'.repeat(256), result: failed }),
        storage.effects.put(ws, { runId: 'r', effectId: 'x'.repeat(255), result: failed }),
      ]);
      expect(settled.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
    });
  });
}
