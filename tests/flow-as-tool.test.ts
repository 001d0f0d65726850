import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dslText, startNode, type TestEdge, type TestNode } from '../flow/testing/dsl.ts';
import { importFlow, type ImportedFlow } from '../flow/index.ts';
import { decodeValue, toJsonText, type Values } from '../schemas/index.ts';
import { openApp, type App } from '../runtime/open-app.ts';
import { readSettings } from '../runtime/settings.ts';
import { publishFlow } from '../runtime/commands/flows.ts';
import { createFlowRunner } from '../runtime/commands/runs/flow-runner.ts';
import { runFlow } from '../runtime/commands/runs/run-flow.ts';
import { interruptedRuns, readRun } from '../runtime/commands/runs/run-reads.ts';

let folder: string;
let app: App;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'riskflow-flow-tool-'));
  app = await openApp(readSettings({ RISKFLOW_DATA: folder, RISKFLOW_SECRET_KEY: 'canary-1234' }, folder), { actor: 'test' });
});
afterEach(async () => {
  await app.close();
  rmSync(folder, { recursive: true, force: true });
});

const callOf = (flow: string, text: string): TestNode => ({
  id: 'call',
  type: 'tool',
  provider_type: 'workflow',
  provider_id: '7c1d',
  tool_name: flow,
  tool_parameters: { text: { type: 'mixed', value: text } },
  tool_configurations: {},
});
const endOf = (...outputs: readonly (readonly [string, string])[]): TestNode => ({
  id: 'end',
  type: 'end',
  outputs: outputs.map(([variable, from]) => ({ variable, value_selector: from.split('.') })),
});

async function publish(
  name: string,
  nodes: readonly TestNode[],
  edges: readonly TestEdge[],
  extra: Parameters<typeof dslText>[2] = {},
): Promise<ImportedFlow> {
  // Named as `flow import --flow` names it.
  const made = importFlow(dslText(nodes, edges, extra), { flowName: name });
  if (!made.ok) throw new Error(made.message);
  const { flow } = made;
  await publishFlow(app.context, flow, 'flow.yml');
  return flow;
}

async function run(
  { plan }: ImportedFlow,
  text: string,
): Promise<{ readonly status: string; readonly outputs: string | null; readonly error: string | null; readonly runId: string }> {
  const inputs: Values = new Map([['text', text]]);
  const ended = await runFlow(app.context, { plan, inputs });
  if (ended.status === 'paused') return { status: 'paused', outputs: null, error: null, runId: ended.runId };
  return {
    status: ended.status,
    error: ended.error,
    runId: ended.runId,
    outputs: ended.outputs === null ? null : toJsonText(decodeValue(ended.outputs)),
  };
}

const upper = (): Promise<ImportedFlow> =>
  publish(
    'upper',
    [
      startNode('text'),
      {
        id: 'tt',
        type: 'template-transform',
        template: '{{ x | upper }}',
        variables: [{ variable: 'x', value_selector: ['start', 'text'] }],
      },
      endOf(['label', 'tt.output']),
    ],
    ['start -> tt', 'tt -> end'],
  );

describe('a flow as a tool', () => {
  it('is a run of its own, whose outputs are those of the node', async () => {
    await upper();
    const parent = await publish(
      'parent',
      [startNode('text'), callOf('upper', '{{#start.text#}}!'), endOf(['label', 'call.label'], ['text', 'call.text'])],
      ['start -> call', 'call -> end'],
    );
    const ended = await run(parent, 'spam');
    expect(ended).toMatchObject({ status: 'succeeded', outputs: '{"label":"SPAM!","text":"{\\"label\\":\\"SPAM!\\"}"}' });
    const [begun] = await app.context.storage.events.readTypes(app.context.workspaceId, 'runs-0', {
      types: ['RunStarted'],
      after: 1,
      upTo: 1000,
    });
    expect(begun?.data).toMatchObject({
      flow: 'upper',
      mode: 'scheduled',
      origin: { kind: 'tool', runId: ended.runId, effectId: 'call#1', depth: 1 },
    });
    expect(
      (await readRun(app.context, (begun?.data as { readonly runId: string } | undefined)?.runId ?? '')).map(({ type }) => type),
    ).toEqual(['RunStarted', 'NodeFinished', 'NodeFinished', 'NodeFinished', 'RunFinished']);
    // Nobody is asked to go on with the run of a tool.
    expect(await interruptedRuns(app.context)).toEqual([]);
  });

  it('that calls itself ends at the depth that is allowed', async () => {
    const loop = await publish(
      'loop',
      [startNode('text'), callOf('loop', '{{#start.text#}}i'), endOf(['text', 'call.text'])],
      ['start -> call', 'call -> end'],
    );
    const ended = await run(loop, '');
    expect(ended).toMatchObject({
      status: 'failed',
      error: expect.stringContaining('at most 5 may be (setting tools.maxCallDepth)') as string,
    });
    const begun = await app.context.storage.events.readTypes(app.context.workspaceId, 'runs-0', {
      types: ['RunStarted'],
      after: 0,
      upTo: 1000,
    });
    expect(begun).toHaveLength(6);
  });

  it('that fails, is not there, or is given a secret fails the node with a reason', async () => {
    await publish('boom', [startNode('text'), callOf('nobody', 'x'), endOf(['text', 'call.text'])], ['start -> call', 'call -> end']);
    const parent = await publish(
      'parent',
      [startNode('text'), callOf('boom', 'x'), endOf(['text', 'call.text'])],
      ['start -> call', 'call -> end'],
    );
    expect((await run(parent, 'x')).error).toContain(
      'the flow "boom" failed: there is no flow "nobody" to be called: publish it with ./riskflow flow import FILE --flow "nobody"',
    );
    await upper();
    const environment = [{ name: 'KEY', value_type: 'secret', value: '', selector: ['env', 'KEY'] }];
    const leaking = await publish(
      'leaking',
      [startNode('text'), callOf('upper', 'k={{#env.KEY#}}'), endOf(['text', 'call.text'])],
      ['start -> call', 'call -> end'],
      { environment },
    );
    expect((await run(leaking, 'x')).error).toContain('is given a secret, which its run would keep');
    const all = await app.context.storage.events.readLog(app.context.workspaceId, 'runs-0');
    expect(JSON.stringify(all)).not.toContain('canary-1234');
    expect(JSON.stringify(all)).not.toContain('CANARY-1234');
  });

  it('asked again by the same caller is read again and not run twice', async () => {
    await upper();
    const runner = createFlowRunner(() => app.context);
    const call = {
      workspaceId: app.context.workspaceId,
      flow: 'upper',
      inputs: new Map([['text', 'a']]),
      depth: 1,
      parent: { runId: 'r', effectId: 'call#1', attempt: 1 },
      signal: new AbortController().signal,
    };
    const first = await runner.run(call);
    const again = await runner.run(call);
    expect(first.ok && toJsonText(first.outputs)).toBe('{"label":"A"}');
    expect(again.ok && toJsonText(again.outputs)).toBe('{"label":"A"}');
    const begun = await app.context.storage.events.readTypes(app.context.workspaceId, 'runs-0', {
      types: ['RunStarted'],
      after: 0,
      upTo: 1000,
    });
    expect(begun).toHaveLength(1);
    await runner.run({ ...call, parent: { ...call.parent, attempt: 2 } });
    expect(
      await app.context.storage.events.readTypes(app.context.workspaceId, 'runs-0', { types: ['RunStarted'], after: 0, upTo: 1000 }),
    ).toHaveLength(2);
  });
});
