import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dslText } from '../flow/testing/dsl.ts';
import type { Value } from '../schemas/index.ts';
import type { App } from '../runtime/open-app.ts';
import { openRig, startRigModel, type RigModel } from '../runtime/streams/source-rig.ts';
import { publishFlowFile, type PublishedFlow } from '../runtime/commands/flows.ts';
import { answerRun, openQuestions } from '../runtime/commands/runs/run-answer.ts';
import { runFlow, type RunWatch } from '../runtime/commands/runs/run-flow.ts';
import { readRun } from '../runtime/commands/runs/run-reads.ts';

/** A person and a model are asked side by side. */
const FLOW = dslText(
  [
    { id: 'start', type: 'start', variables: [{ variable: 'text', label: '', type: 'paragraph', required: true }] },
    {
      id: 'ask',
      type: 'human-input',
      form_content: 'Go on?',
      inputs: [{ type: 'paragraph', output_variable_name: 'note', default: { type: 'constant', value: '' } }],
      user_actions: [{ id: 'go', title: 'Go on', button_style: 'primary' }],
    },
    {
      id: 'think',
      type: 'llm',
      model: { provider: 'openai', name: 'm', mode: 'chat', completion_params: {} },
      prompt_template: [{ role: 'user', text: '{{#start.text#}}' }],
    },
    { id: 'end', type: 'end', outputs: [{ variable: 'note', value_selector: ['ask', 'note'] }] },
  ],
  ['start -> ask', 'start -> think', 'ask:go -> end', 'think -> end'],
);

let folder: string;
let model: RigModel;
let app: App;
let flow: PublishedFlow;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'riskflow-answer-'));
  model = await startRigModel();
  writeFileSync(join(folder, 'riskflow.yml'), 'runTimeoutMs: 1500\n');
  app = await openRig(folder, model.environment);
  writeFileSync(join(folder, 'flow.yml'), FLOW);
  flow = await publishFlowFile(app.context, join(folder, 'flow.yml'));
});
afterEach(async () => {
  model.release();
  await app.close();
  await model.close();
  rmSync(folder, { recursive: true });
});

function begin(watch: RunWatch = {}): { readonly running: ReturnType<typeof runFlow>; readonly id: () => string } {
  let id = '';
  const running = runFlow(app.context, {
    plan: flow.plan,
    inputs: new Map([['text', 'hi']]),
    ...watch,
    onBegun: ({ runId }) => (id = runId),
  });
  return { running, id: () => id };
}
const answer = (runId: string) => answerRun(app.context, { runId, action: 'go', values: new Map<string, Value>([['note', 'yes']]) });
const asked = (runId: string) => expect.poll(async () => (await openQuestions(app.context, runId)).length).toBe(1);
const typesOf = async (runId: string) => (await readRun(app.context, runId)).map(({ type }) => type);

describe('answerRun', () => {
  it('finds a question while the run is at work elsewhere, and its owner goes on with the answer instead of pausing', async () => {
    model.hold();
    const { running, id } = begin();
    await model.came(1);
    await asked(id());
    expect(await answer(id())).toEqual({ goesOn: 'owner' });
    model.release();
    expect(await running).toMatchObject({ status: 'succeeded', outputs: { note: 'yes' } });
    expect(await typesOf(id())).not.toContain('RunPaused');
    await expect(answer(id())).rejects.toMatchObject({ code: 'usage' });
  });

  it('takes an answer once, however many come at the same time', async () => {
    const { running, id } = begin();
    expect(await running).toMatchObject({ status: 'paused' });
    const answers = await Promise.allSettled(
      [1, 2, 3].map((n) => answerRun(app.context, { runId: id(), action: 'go', values: new Map([['note', `${n}`]]) })),
    );
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });
});

it('the time limit of a run does not count while it stays for a person alone, but for what else it does', async () => {
  const { running, id } = begin({ lookForAnswersMs: 20 });
  await model.came(1);
  await asked(id());
  await delay(2_000);
  await answer(id());
  expect(await running).toMatchObject({ status: 'succeeded' });
  model.hold();
  const other = begin({ lookForAnswersMs: 20 });
  expect(await other.running).toMatchObject({ status: 'stopped', error: expect.stringContaining('longer than 1500 ms') as string });
});
