import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dslText, type TestNode } from '../../flow/testing/dsl.ts';
import { loadPlan } from '../../runtime/commands/flows.ts';
import { readRun } from '../../runtime/commands/runs/run-reads.ts';
import { startRun } from '../../runtime/commands/runs/run-start.ts';
import { answerRun, interruptedRuns, openQuestions, stopRun, type Context } from '../../runtime/index.ts';
import { historiesOf } from '../../runtime/temporal/stack-histories.ts';
import { workflowIdOf } from '../../runtime/temporal/run-labels.ts';
import type { RunClient } from '../../runtime/temporal/client.ts';
import type { RunEvent, Value, Values } from '../../schemas/index.ts';
import type { RunFlowArgs } from '../../workflows/index.ts';
import { stackServers } from './own-database.ts';
import { drain, openWorkerRig, publish, type WorkerRig } from './worker-rig.ts';

const { missing, reason } = stackServers();

const ask = (id: string): TestNode => ({
  id,
  type: 'human-input',
  title: id,
  form_content: `Go on with {{#start.text#}}?`,
  inputs: [{ type: 'paragraph', output_variable_name: 'note', default: { type: 'constant', value: '' } }],
  user_actions: [{ id: 'go', title: 'Go on', button_style: 'primary' }],
});
const start: TestNode = { id: 'start', type: 'start', variables: [{ variable: 'text', label: '', type: 'paragraph', required: true }] };
const PEOPLE = dslText(
  [
    start,
    ask('one'),
    {
      id: 'shout',
      type: 'code',
      code_language: 'javascript',
      code: 'function main({ note }) { return { loud: note.toUpperCase() }; }',
      variables: [{ variable: 'note', value_selector: ['one', 'note'] }],
      outputs: { loud: { type: 'string' } },
    },
    ask('two'),
    {
      id: 'end',
      type: 'end',
      outputs: [
        { variable: 'loud', value_selector: ['shout', 'loud'] },
        { variable: 'note', value_selector: ['two', 'note'] },
      ],
    },
  ],
  ['start -> one', 'one:go -> shout', 'shout -> two', 'two:go -> end'],
);
const ITEMS = 2_000;
const items = Array.from({ length: ITEMS }, (_, i) => `x${i}`);
const INLINE = dslText(
  [
    { id: 'start', type: 'start', variables: [{ variable: 'items', label: '', type: 'json_object', required: true }] },
    {
      id: 'it',
      type: 'iteration',
      iterator_selector: ['start', 'items', 'list'],
      output_selector: ['say', 'output'],
      start_node_id: 'begin',
      is_parallel: true,
      parallel_nums: 10,
    },
    { id: 'begin', type: 'iteration-start', parentId: 'it' },
    {
      id: 'say',
      type: 'template-transform',
      parentId: 'it',
      template: '{{ index }}: {{ item }}',
      variables: [
        { variable: 'item', value_selector: ['it', 'item'] },
        { variable: 'index', value_selector: ['it', 'index'] },
      ],
    },
    { id: 'end', type: 'end', outputs: [{ variable: 'all', value_selector: ['it', 'output'] }] },
  ],
  ['start -> it', 'begin -> say', 'it -> end'],
);

describe.skipIf(missing)(`runs on Temporal that wait for people${reason}`, { timeout: 120_000 }, () => {
  let rig: WorkerRig;
  let context: Context;
  let client: RunClient;
  const versions: Record<string, string> = {};
  beforeAll(async () => {
    rig = await openWorkerRig();
    context = await rig.app();
    client = await rig.client(context);
    for (const [name, text] of Object.entries({ people: PEOPLE, inline: INLINE })) {
      const file = join(rig.folder, `${name}.yml`);
      writeFileSync(file, text.replace('"name":"test"', `"name":"${name}"`));
      versions[name] = await publish(context, file);
    }
  }, 60_000);
  afterAll(() => rig.close());

  const begin = async (name: 'people' | 'inline', more: Partial<RunFlowArgs> = {}): Promise<RunFlowArgs> => {
    const flowVersion = versions[name] ?? '';
    const plan = await loadPlan(context, flowVersion);
    const runId = randomUUID();
    const started = startRun(context, {
      plan,
      inputs: name === 'inline' ? new Map<string, Value>([['items', new Map([['list', items]])]]) : new Map([['text', 'x']]),
      runId,
      mode: 'manual',
      origin: { kind: 'manual' },
    });
    const { workspaceId, actor } = context;
    const args = { workspaceId, runId, flowVersion, started, actor, timeoutMs: 60_000, ...more };
    await client.start(args);
    return args;
  };
  /** The run waits, for nothing but this node. */
  const asksAt = ({ runId }: RunFlowArgs, node: string): Promise<void> =>
    expect
      .poll(async () => ((await readRun(context, runId)).at(-1)?.data as { readonly nodes?: readonly string[] } | undefined)?.nodes, {
        timeout: 30_000,
      })
      .toEqual([node]);
  const told: string[] = [];
  const answer = ({ runId }: RunFlowArgs, note: string) => {
    const values: Values = new Map<string, Value>([['note', note]]);
    return answerRun(context, { runId, action: 'go', values, onWarning: (sentence) => told.push(sentence) });
  };
  const types = (events: readonly RunEvent[]): readonly string[] =>
    events.map((event) => ('nodeId' in event.data ? `${event.type} ${event.data.nodeId}` : event.type));
  const finished = { status: 'finished', data: { status: 'succeeded', outputs: { loud: 'FIRST', note: 'second' } } };

  it('outlive their worker; an answer that comes while there is none is found by the next, and what was done is not done again', async () => {
    const worker = await rig.worker();
    const args = await begin('people');
    await asksAt(args, 'one');
    expect(await interruptedRuns(context)).toEqual([]);
    worker.child.kill('SIGKILL');
    await worker.finished;
    expect(await answer(args, 'first')).toEqual({ goesOn: 'owner' });
    await expect(answer(args, 'again')).rejects.toMatchObject({ code: 'usage' });
    const next = await rig.worker();
    await asksAt(args, 'two');
    expect(await answer(args, 'second')).toEqual({ goesOn: 'owner' });
    expect(await client.result(args)).toMatchObject(finished);
    expect(types(await readRun(context, args.runId))).toEqual([
      'RunStarted',
      'NodeFinished start',
      'NodeStarted one',
      'RunPaused',
      'RunResumed',
      'NodeFinished one',
      'NodeStarted shout',
      'NodeFinished shout',
      'NodeStarted two',
      'RunPaused',
      'RunResumed',
      'NodeFinished two',
      'NodeFinished end',
      'RunFinished',
    ]);
    expect(told).toEqual([]);
    await drain(next);
  });

  describe('with a worker', () => {
    beforeAll(async () => void (await rig.worker()), 60_000);

    it('are stopped while they wait', async () => {
      const args = await begin('people');
      await asksAt(args, 'one');
      expect(await stopRun(context, args.runId, 'not wanted')).toBe('stopped');
      expect(await client.result(args)).toMatchObject({ status: 'finished', data: { status: 'stopped', error: 'not wanted' } });
      expect(await openQuestions(context, args.runId)).toEqual([]);
      await expect(answer(args, 'late')).rejects.toMatchObject({ code: 'usage' });
    });

    it('have the time limit of a run for what they do, not for what they wait', async () => {
      const args = await begin('people', { timeoutMs: 2_500 });
      await asksAt(args, 'one');
      await delay(3_000);
      await answer(args, 'first');
      await asksAt(args, 'two');
      await answer(args, 'second');
      expect(await client.result(args)).toMatchObject(finished);
    });

    it('go on in another execution while they wait, and hear the answer there', async () => {
      const args = await begin('people', { historyLimit: 24 });
      await asksAt(args, 'one');
      await answer(args, 'first');
      await asksAt(args, 'two');
      // Each word without an answer is a look, and makes the history longer.
      for (let i = 0; i < 6; i++) {
        await client.answered(args);
        await delay(100);
      }
      await answer(args, 'second');
      expect(await client.result(args)).toMatchObject(finished);
      const names = types(await readRun(context, args.runId));
      expect(names.filter((name) => name.startsWith('NodeStarted'))).toEqual(['NodeStarted one', 'NodeStarted shout', 'NodeStarted two']);
      // One came to its end at the first question, one while it waited for the second answer.
      expect((await historiesOf(workflowIdOf(args))).length).toBeGreaterThanOrEqual(3);
    });

    it(`and an iteration over ${ITEMS} items within one workflow task is no trouble`, async () => {
      const began = performance.now();
      const result = await client.result(await begin('inline'));
      expect(result).toMatchObject({ status: 'finished', data: { status: 'succeeded', totalSteps: 3 + ITEMS } });
      const all = result.status === 'finished' ? (result.data.outputs as { readonly all: readonly string[] }).all : [];
      expect([all.length, all[0], all.at(-1)]).toEqual([ITEMS, '0: x0', `${ITEMS - 1}: x${ITEMS - 1}`]);
      process.stdout.write(`${ITEMS} inline items on Temporal: ${Math.round(performance.now() - began)} ms\n`);
    });
  });
});
