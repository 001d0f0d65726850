import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { runSource } from '../../streams/keeping/run-source.ts';
import { createFileSource, llmFlow, openRig, startRigModel, type RigModel } from '../../streams/source-rig.ts';
import { listDecisions } from '../decisions/decisions.ts';
import { controlSource } from '../sources/control-source.ts';
import { listReplayFacts } from './rerun-facts.ts';
import { resumeReplay } from './replay-source.ts';
import { listBacktests, resumeBacktest, runBacktest } from './run-backtest.ts';

let folder: string;
let model: RigModel;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'riskflow-backtest-kill-'));
  model = await startRigModel(10);
});
afterEach(async () => {
  await model.close();
  rmSync(folder, { recursive: true });
});

const open = () => openRig(join(folder, 'data'), model.environment);
const write = (name: string, content: string): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
const COUNT = 30;
const texts = Array.from({ length: COUNT }, (_, i) => `number ${i}`);

/** A source "s" whose records are decided, each with two calls. */
async function decideAll(): Promise<void> {
  const app = await open();
  const path = write('records.ndjson', texts.map((text) => `${JSON.stringify({ text })}\n`).join(''));
  await createFileSource(app.context, { sourceId: 's', path, flow: write('asking.yml', llmFlow()) });
  await runSource(app.context, 's');
  await controlSource(app.context, 's', { wish: 'pause', reason: 'test' });
  await app.close();
}

/** A process that does something with the app; killed once so many calls have come in all. */
async function killAfter(calls: number, work: string): Promise<void> {
  const script = `
    const { openRig } = await import(process.env.RIG);
    const { runBacktest, resumeBacktest } = await import(process.env.BACKTESTS);
    const { replaySource } = await import(process.env.REPLAYS);
    const app = await openRig(process.env.FOLDER, process.env);
    ${work}
    await app.close();`;
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script], {
    env: {
      ...model.environment,
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
      RIG: new URL('../../streams/source-rig.ts', import.meta.url).href,
      BACKTESTS: new URL('run-backtest.ts', import.meta.url).href,
      REPLAYS: new URL('replay-source.ts', import.meta.url).href,
      FOLDER: join(folder, 'data'),
      FLOW: join(folder, 'asking.yml'),
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (piece: string) => (errors += piece));
  const died = new Promise<void>((resolve, reject) => {
    child.once('close', (_, signal) => (signal === 'SIGKILL' ? resolve() : reject(new Error(`the process ended by itself: ${errors}`))));
  });
  await Promise.race([model.came(calls), died]);
  child.kill('SIGKILL');
  await died;
}

const callCount = (): number => [...model.calls.values()].reduce((sum, count) => sum + count, 0);

it('a backtest whose process is killed twice ends as one that was left alone, each record decided once', { timeout: 120_000 }, async () => {
  await decideAll();
  const before = callCount();
  const request = "{ sourceId: 's', flow: process.env.FLOW, range: {}, pins: {}, recorded: false, concurrency: 4 }";
  await killAfter(before + 15, `await runBacktest(app.context, ${request});`);
  await killAfter(before + 35, `await resumeBacktest(app.context, { sourceId: 's', backtest: 1 });`);

  const app = await open();
  expect(await listBacktests(app.context, 's')).toMatchObject([{ backtest: 1, status: 'unfinished' }]);
  const begun = (await listDecisions(app.context, { mode: 'backtest', limit: 1000 })).length;
  expect(begun).toBeGreaterThan(0);
  expect(begun).toBeLessThan(COUNT);
  const interrupted = await resumeBacktest(app.context, { sourceId: 's', backtest: 1 });
  // Four calls were in flight at each kill, and some answers may have come that were not stored yet.
  expect(callCount() - before - COUNT * 2).toBeLessThanOrEqual(16);
  const whole = await runBacktest(app.context, { sourceId: 's', flow: join(folder, 'asking.yml'), range: {}, pins: {}, recorded: false });
  const totals = ({ backtest: _n, startedAt: _s, finishedAt: _f, runMs: _r, ...rest }: typeof whole) => rest;
  expect(totals(interrupted)).toEqual(totals(whole));
  expect(interrupted).toMatchObject({ status: 'finished', records: COUNT, agree: COUNT, nodes: { performed: COUNT * 2 } });
  const decisions = (await listDecisions(app.context, { mode: 'backtest', limit: 1000 })).filter(({ replay }) => replay === 1);
  expect(new Set(decisions.map(({ recordId }) => recordId)).size).toBe(COUNT);
  expect(decisions).toHaveLength(COUNT);
  expect(await app.context.storage.events.unfinishedRuns('default')).toEqual([]);
  await app.close();
});

it('a replay whose process is killed goes on, and each record has one more live decision', { timeout: 60_000 }, async () => {
  await decideAll();
  await killAfter(callCount() + 12, `await replaySource(app.context, { sourceId: 's', range: {}, reason: 'test' }, { concurrency: 4 });`);
  const app = await open();
  expect((await listReplayFacts(app.context, 's')).map(({ n, finished }) => [n, finished])).toEqual([[1, null]]);
  expect(await resumeReplay(app.context, { sourceId: 's', replay: 1 })).toEqual({
    ...{ sourceId: 's', replay: 1, records: COUNT, decided: COUNT, failed: 0, left: 0, missing: null },
  });
  const live = await listDecisions(app.context, { mode: 'live', limit: 1000 });
  expect(new Set(live.map(({ recordId, replay }) => `${recordId} ${replay}`)).size).toBe(COUNT * 2);
  expect(live).toHaveLength(COUNT * 2);
  expect(await app.context.storage.inbox.counts('default', 's')).toMatchObject({ pending: 0, decided: COUNT });
  await app.close();
});
