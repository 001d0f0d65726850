import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startMockModel, type MockModel } from '../../bench/mock-model.ts';
import { llmFlow, writeLlmEvaluation } from '../llm-flow.ts';
import { newFolder, riskflow, startRiskflow } from './riskflow.ts';

type Listed = { readonly batches: readonly Readonly<Record<string, unknown>>[] };

describe('batches', () => {
  const folder = newFolder();
  let model: MockModel;
  const release = Promise.withResolvers<void>();
  const start = () => ({
    data: join(folder, 'data'),
    folder,
    env: { OPENAI_BASE_URL: `http://127.0.0.1:${model.port}/v1`, OPENAI_API_KEY: 'none' },
  });
  beforeAll(async () => {
    model = await startMockModel({ delayMs: 1, labels: ['spam'], held: release.promise });
    writeFileSync(join(folder, 'flow.yml'), llmFlow('Spam or ham?'));
    writeFileSync(join(folder, 'rows.csv'), 'text\na\nb\n');
  });
  afterAll(() => model.close());

  it('that are over, paused, cancelled or unknown are told apart by pause and cancel, and are listed', async () => {
    const none = await riskflow(['batch', 'list'], start());
    expect([none.code, none.err]).toEqual([0, expect.stringContaining('no batch has been run yet')]);

    const running = startRiskflow(['run', 'flow.yml', '--batch', 'rows.csv'], start());
    const id = await running.printed(/batch (\S+): 2 runs/);
    await expect.poll(() => model.calls().begun, { timeout: 60_000 }).toBe(2);
    const asked = async (...args: readonly string[]) => {
      const { code, out, err } = await riskflow(['batch', ...args], start());
      return [code, out + err];
    };
    const says = (text: string): unknown => expect.stringContaining(text);
    expect(await asked('pause', id)).toEqual([0, says(`batch ${id} is being paused; go on with: riskflow batch resume ${id}`)]);
    const paused = await running.finished;
    expect([paused.code, paused.err]).toEqual([1, says(`batch ${id} was paused: asked for by cli`)]);
    expect(await asked('pause', id)).toEqual([0, says(`batch ${id} is paused already`)]);

    const second = startRiskflow(['run', 'flow.yml', '--batch', 'rows.csv'], start());
    const other = await second.printed(/batch (\S+): 2 runs/);
    expect(await asked('cancel', other, '--reason', 'wrong file')).toEqual([0, says(`batch ${other} is being cancelled`)]);
    // Heard of while its calls are out, which are broken off.
    const cancelled = await second.finished;
    release.resolve();
    expect([cancelled.code, cancelled.err]).toEqual([1, says(`batch ${other} was cancelled: wrong file`)]);
    expect(await asked('cancel', other)).toEqual([0, says('is cancelled already')]);
    expect(await asked('pause', other)).toEqual([1, says(`batch ${other} was cancelled: wrong file`)]);

    expect((await riskflow(['batch', 'resume', id], start())).code).toBe(0);
    expect(await asked('pause', id)).toEqual([1, says(`batch ${id} is over, so there is nothing to pause`)]);
    expect(await asked('cancel', id, '--json')).toEqual([1, says('"status": "already-over"')]);
    expect(await asked('pause', 'b-1')).toEqual([2, says('riskflow batch list prints them')]);
    expect(await asked('show')).toEqual([2, says('riskflow batch list prints what there is')]);

    const { batches } = JSON.parse((await riskflow(['batch', 'list', '--json'], start())).out) as Listed;
    const common = { file: 'rows.csv', runs: 2, rejected: 0, host: 'here' };
    expect(batches).toEqual([
      expect.objectContaining({ ...common, id: other, status: 'cancelled', succeeded: null, finishedAt: null }),
      expect.objectContaining({ ...common, id, status: 'finished', succeeded: 2, failed: 0 }),
    ]);
    const table = (await riskflow(['batch', 'list', '--limit', '1'], start())).out;
    expect(table).toContain(other);
    expect(table).not.toContain(id);
  });

  it.each([
    { kind: 'batch', args: ['run', 'flow.yml', '--batch', 'many.csv'], prints: /batch (\S+): 40 runs/ },
    { kind: 'eval', args: ['eval', 'run', '--a', 'a.yml', '--b', 'b.yml', '--samples', 'many'], prints: /eval resume (e-[\w-]+)/ },
  ])('a cancelled $kind begins no call any more, whatever its runs wait for', async ({ kind, args, prints }) => {
    const folder = newFolder();
    const held = Promise.withResolvers<void>();
    const slow = await startMockModel({ delayMs: 1, labels: ['spam'], held: held.promise });
    const here = {
      data: join(folder, 'data'),
      folder,
      env: { OPENAI_BASE_URL: `http://127.0.0.1:${slow.port}/v1`, OPENAI_API_KEY: 'none' },
    };
    try {
      writeFileSync(join(folder, 'flow.yml'), llmFlow('Spam or ham?'));
      writeFileSync(join(folder, 'many.csv'), `text\n${Array.from({ length: 40 }, (_, i) => `report ${i}`).join('\n')}\n`);
      const { csv } = writeLlmEvaluation(folder, 40);
      expect(await riskflow(['sample', 'import', 'many', csv], here)).toMatchObject({ code: 0 });
      const running = startRiskflow([...args, '--concurrency', '8'], here);
      const id = await running.printed(prints);
      await expect.poll(() => slow.calls().begun, { timeout: 60_000 }).toBe(8);
      expect(await riskflow([kind, 'cancel', id], here)).toMatchObject({ code: 0 });
      expect(await running.finished).toMatchObject({ code: 1, err: expect.stringContaining('was cancelled') });
      expect(slow.calls()).toMatchObject({ begun: 8, answered: 0 });
    } finally {
      held.resolve();
      await slow.close();
    }
  });
});
