import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { recordIdOf } from '../../../connectors/index.ts';
import type { RunEvent } from '../../../schemas/index.ts';
import { listDecisions } from '../../commands/decisions/decisions.ts';
import { publishFlowFile } from '../../commands/flows.ts';
import { runIdOf } from '../deciding/record-decision.ts';
import { readRun } from '../../commands/runs/run-reads.ts';
import { llmFlow, openRig, rulesFlow, startInProcess, startRigModel, type RigModel, createFileSource } from '../source-rig.ts';
import { sourceStatus } from '../../commands/sources/source-status.ts';
import { runSource } from './run-source.ts';

let folder: string;
let data: string;
let model: RigModel;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'riskflow-kill-'));
  data = join(folder, 'data');
  model = await startRigModel(15);
});
afterEach(async () => {
  await model.close();
  rmSync(folder, { recursive: true });
});

const open = () => openRig(data, model.environment);
const written = (name: string, content: string): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
/** Records with their run ids: offsets are known, since every line is as long as the first. */
function records(count: number): { readonly content: string; readonly texts: readonly string[]; readonly runIds: readonly string[] } {
  const texts = Array.from({ length: count }, (_, i) => `number ${String(i).padStart(3, '0')}`);
  const lines = texts.map((text) => `${JSON.stringify({ text })}\n`);
  const runIds = lines.map((line, i) => {
    const origin = { sourceId: 's', incarnation: 1, topic: 'records.ndjson', partition: 0, offset: i * line.length };
    return runIdOf({ recordId: recordIdOf(origin), mode: 'live', replay: 0 });
  });
  return { content: lines.join(''), texts, runIds };
}

/** Starts the source in a process and kills it once so many calls have come. */
async function killAfter(calls: number): Promise<void> {
  const { child, ended } = startInProcess(data, 's', model.environment);
  const died = ended.then((errors) => {
    if (child.signalCode !== 'SIGKILL') throw new Error(`the process ended by itself: ${errors}`);
  });
  await Promise.race([model.came(calls), died]);
  child.kill('SIGKILL');
  await died;
}

const types = (events: readonly RunEvent[]): readonly string[] =>
  events.map((event) =>
    event.type === 'NodeStarted' || event.type === 'NodeFinished' ? `${event.type} ${event.data.nodeId}` : event.type,
  );
const WHOLE_RUN = [
  'RunStarted',
  'NodeFinished start',
  'NodeStarted first',
  'NodeFinished first',
  'NodeStarted second',
  'NodeFinished second',
  'NodeFinished end',
  'RunFinished',
];

describe('kill -9 of the process that works on a source', () => {
  it(
    'at four moments: every record gets exactly one decision, and no effect with a stored result is performed again',
    { timeout: 120_000 },
    async () => {
      const { content, texts, runIds } = records(60);
      const first = await open();
      await createFileSource(first.context, {
        sourceId: 's',
        path: written('records.ndjson', content),
        flow: written('asking.yml', llmFlow()),
      });
      await first.close();

      const effects = (text: string) => ['first', 'second'].map((node) => ({ effectId: `${node}#1`, prompt: `${node} ${text}` }));
      const storedCalls = new Map<string, number>();
      const moments = [1, 20, 45, 85];
      for (const moment of moments) {
        await killAfter(moment);
        const app = await open();
        for (const [i, runId] of runIds.entries()) {
          for (const { effectId, prompt } of effects(texts[i] ?? '')) {
            const stored = await app.context.storage.effects.find('default', runId, effectId);
            // How often it was asked when its result was first seen.
            if (stored !== undefined && !storedCalls.has(prompt)) storedCalls.set(prompt, model.calls.get(prompt) ?? 0);
          }
        }
        await app.close();
      }

      const app = await open();
      const last = await runSource(app.context, 's', { concurrency: 4 });
      expect(last.failed).toBe(0);
      const decisions = await listDecisions(app.context, { limit: 1000 });
      expect(decisions.map((decision) => decision.label ?? '').toSorted()).toEqual(texts.map((text) => `SECOND ${text.toUpperCase()}`));
      expect(decisions.map((decision) => decision.runId).toSorted()).toEqual(runIds.toSorted());
      for (const runId of runIds) expect(types(await readRun(app.context, runId))).toEqual(WHOLE_RUN);
      expect(await app.context.storage.events.unfinishedRuns('default')).toEqual([]);
      expect((await sourceStatus(app.context, 's'))[0]).toMatchObject({ pending: 0, decided: 60, failed: 0, deadLetters: 0 });

      expect(storedCalls.size).toBeGreaterThan(20);
      for (const [prompt, count] of storedCalls) expect([prompt, model.calls.get(prompt)]).toEqual([prompt, count]);
      // Four calls are in flight at most, and some answers of these may have come but not been stored yet.
      const total = [...model.calls.values()].reduce((sum, count) => sum + count, 0);
      expect(model.calls.size).toBe(120);
      expect(total - 120).toBeLessThanOrEqual(moments.length * 8);
      await app.close();
    },
  );

  it(
    'while another version of the flow is published: begun runs end under theirs, the others take the new one',
    { timeout: 60_000 },
    async () => {
      const { content, texts, runIds } = records(24);
      const before = await open();
      const old = await publishFlowFile(before.context, written('asking.yml', llmFlow()));
      await createFileSource(before.context, { sourceId: 's', path: written('records.ndjson', content), flow: 'asking' });
      await before.close();
      model.hold();
      await killAfter(4);
      model.release();

      const app = await open();
      const begun = await app.context.storage.events.unfinishedRuns('default', { mode: 'live' });
      expect(begun.length).toBeGreaterThanOrEqual(4);
      expect(begun.length).toBeLessThan(24);
      const fresh = await publishFlowFile(app.context, written('asking.yml', llmFlow({ mark: '-v2' })));
      expect(await runSource(app.context, 's', { concurrency: 4 })).toMatchObject({ decided: 24, failed: 0, flowVersion: fresh.version });
      const byRun = new Map((await listDecisions(app.context)).map((decision) => [decision.runId, decision]));
      const underOld = new Set(begun.map((run) => run.runId));
      for (const [i, runId] of runIds.entries()) {
        const wasBegun = underOld.has(runId);
        expect(byRun.get(runId)).toMatchObject({
          flowVersion: wasBegun ? old.version : fresh.version,
          label: `SECOND${wasBegun ? '' : '-V2'} ${(texts[i] ?? '').toUpperCase()}`,
        });
      }
      await app.close();
    },
  );

  it('while it reads and decides by rules: the next start takes in and decides the rest', { timeout: 60_000 }, async () => {
    const app = await open();
    await createFileSource(app.context, {
      sourceId: 's',
      path: written('records.ndjson', records(1500).content),
      flow: written('rules.yml', rulesFlow()),
    });
    const { child, ended } = startInProcess(data, 's', {});
    // The moment the first record is in the inbox.
    while ((await app.context.storage.inbox.counts('default', 's')).pending === 0 && child.exitCode === null)
      await new Promise(setImmediate);
    child.kill('SIGKILL');
    await ended;
    const run = await runSource(app.context, 's');
    expect(run.failed).toBe(0);
    // Else it was killed too late to show anything.
    expect(run.decided).toBeGreaterThan(0);
    const decisions = await listDecisions(app.context, { limit: 10_000 });
    expect(decisions).toHaveLength(1500);
    expect(new Set(decisions.map((decision) => decision.recordId)).size).toBe(1500);
    await app.close();
  });
});

describe('two processes that start the same source', () => {
  it('the second is told who works on it, and changes nothing', { timeout: 60_000 }, async () => {
    const app = await open();
    await createFileSource(app.context, {
      sourceId: 's',
      path: written('records.ndjson', records(6).content),
      flow: written('asking.yml', llmFlow()),
    });
    model.hold();
    const { child, ended } = startInProcess(data, 's', model.environment);
    await model.came(4);
    await expect(runSource(app.context, 's')).rejects.toMatchObject({
      code: 'busy',
      message: expect.stringContaining(`source s is being worked on by process ${child.pid ?? 0} on `) as string,
    });
    expect((await sourceStatus(app.context, 's'))[0]).toMatchObject({ heldBy: [{ pid: child.pid }], pending: 6 });
    model.release();
    expect(await ended).toBe('');
    expect((await sourceStatus(app.context, 's'))[0]).toMatchObject({ heldBy: [], pending: 0, decided: 6 });
    expect([...model.calls.values()]).toEqual(Array.from({ length: 12 }, () => 1));
    await app.close();
  });
});
