import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { dslText, startNode, type TestNode } from '../../flow/testing/dsl.ts';
import type { RunEvent } from '../../schemas/index.ts';
import { openSqliteStorage } from '../../storage/index.ts';
import { riskflow, startRiskflow, testEnvironment, withFolder } from '../riskflow-process.ts';

const CALL_MS = 25;
/** Passes of the iteration at a time, each with one call at a time. */
const AT_A_TIME = 3;
const ITEMS = ['a1', 'b22', 'c333', 'd4', 'e55'];

const model = { provider: 'openai', name: 'm', mode: 'chat', completion_params: {} };
const llm = (id: string, parentId: string, text: string): TestNode => ({
  id,
  type: 'llm',
  parentId,
  model,
  prompt_template: [{ role: 'user', text }],
});
const agent: TestNode = {
  id: 'agent',
  type: 'agent',
  parentId: 'it',
  agent_strategy_name: 'function_calling',
  agent_parameters: {
    model: { type: 'constant', value: { ...model, model: 'm' } },
    instruction: { type: 'constant', value: '' },
    query: { type: 'constant', value: 'tool {{#it.item#}}' },
    maximum_iterations: { type: 'constant', value: 3 },
    tools: {
      type: 'constant',
      value: [
        {
          type: 'builtin',
          enabled: true,
          provider_name: 'regex',
          tool_name: 'regex_extract',
          parameters: { expression: { auto: 0, value: '[0-9]+' }, content: { auto: 1, value: null } },
        },
      ],
    },
  },
};

/** In each pass of an iteration an agent that calls a tool, then a loop of two passes with a model; what it says is kept. */
const FLOW = dslText(
  [
    startNode('text'),
    {
      id: 'split',
      type: 'code',
      code_language: 'javascript',
      code: "function main({ text }) { return { items: text.split(',') }; }",
      variables: [{ variable: 'text', value_selector: ['start', 'text'] }],
      outputs: { items: { type: 'array[string]' } },
    },
    {
      id: 'it',
      type: 'iteration',
      iterator_selector: ['split', 'items'],
      output_selector: ['lp', 'said'],
      start_node_id: 'itstart',
      is_parallel: true,
      parallel_nums: AT_A_TIME,
    },
    { id: 'itstart', type: 'iteration-start', parentId: 'it' },
    agent,
    {
      id: 'lp',
      type: 'loop',
      parentId: 'it',
      loop_count: 2,
      start_node_id: 'lpstart',
      break_conditions: [],
      loop_variables: [{ label: 'said', var_type: 'string', value_type: 'variable', value: ['agent', 'text'] }],
    },
    { id: 'lpstart', type: 'loop-start', parentId: 'lp' },
    llm('ask', 'lp', 'say {{#lp.said#}}'),
    {
      id: 'keep',
      type: 'assigner',
      version: '2',
      parentId: 'lp',
      items: [{ variable_selector: ['lp', 'said'], input_type: 'variable', operation: 'over-write', value: ['ask', 'text'] }],
    },
    { id: 'end', type: 'end', outputs: [{ variable: 'all', value_selector: ['it', 'output'] }] },
  ],
  ['start -> split', 'split -> it', 'itstart -> agent', 'agent -> lp', 'lpstart -> ask', 'ask -> keep', 'it -> end'],
);

type Message = { readonly role: string; readonly content: string };
/** A model that asks for the tool once, and else says what it was told in brackets. Counts what it is asked, by its text. */
async function openModel(): Promise<{
  readonly port: number;
  readonly asked: Map<string, number>;
  readonly begun: () => number;
  close(): void;
}> {
  const asked = new Map<string, number>();
  let begun = 0;
  const server: Server = createServer((request, response) => {
    let text = '';
    request.on('data', (part: Buffer) => (text += part.toString()));
    request.on('end', () => {
      const { messages } = JSON.parse(text) as { readonly messages: readonly Message[] };
      begun++;
      const key = JSON.stringify(messages);
      asked.set(key, (asked.get(key) ?? 0) + 1);
      const last = messages.at(-1);
      const question = last?.content ?? '';
      const wants = last?.role === 'user' && question.startsWith('tool ');
      const message = wants
        ? {
            role: 'assistant',
            content: null,
            tool_calls: [
              { id: 'c1', type: 'function', function: { name: 'regex_extract', arguments: JSON.stringify({ content: question }) } },
            ],
          }
        : { role: 'assistant', content: `[${question}]` };
      const body = {
        id: 'x',
        object: 'chat.completion',
        created: 0,
        model: 'm',
        choices: [{ index: 0, finish_reason: 'stop', message }],
        usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
      };
      setTimeout(() => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body)), CALL_MS);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the model has no port');
  return {
    port: address.port,
    asked,
    begun: () => begun,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function eventsOf(folder: string): Promise<{ readonly runId: string; readonly events: readonly RunEvent[] }> {
  const storage = await openSqliteStorage({ folder });
  try {
    const [started] = await storage.events.readLog('default', 'runs-0', { limit: 1 });
    const { runId } = (started?.data ?? {}) as { readonly runId: string };
    const stored = await storage.events.readStream('default', `run/${runId}`);
    return { runId, events: stored.map(({ type, data }) => ({ type, data }) as RunEvent) };
  } finally {
    await storage.close();
  }
}

/** Every pass and node that began or ended, each by what names it. */
const namesOf = (events: readonly RunEvent[]): readonly string[] =>
  events.flatMap((event) => {
    if (!('nodeId' in event.data)) return [];
    const { nodeId, path } = event.data;
    const more = event.type === 'PassStarted' ? event.data.pass : event.type === 'NodeContinued' ? event.data.nextEffectId : '';
    return [`${event.type} ${JSON.stringify(path)} ${nodeId} ${more}`];
  });

describe('kill -9 amid iterations, loops and agents, then run --resume', () => {
  it('gives the undisturbed outcome, and asks nothing again but what was in flight', { timeout: 240_000 }, async () => {
    await withFolder(async (folder) => {
      const flow = join(folder, 'flow.yml');
      writeFileSync(flow, FLOW);
      const begin = ['run', flow, '--inputs', JSON.stringify({ text: ITEMS.join(',') })];
      const calm = await openModel();
      const environmentOf = (name: string, port: number) =>
        testEnvironment(join(folder, name), { OPENAI_BASE_URL: `http://127.0.0.1:${port}/v1` });
      const undisturbed = await riskflow([...begin, '--json'], environmentOf('calm', calm.port));
      calm.close();
      expect(undisturbed.code, undisturbed.stderr).toBe(0);
      const { outputs, totalSteps, totalTokens } = JSON.parse(undisturbed.stdout) as Record<string, unknown>;
      expect(outputs).toMatchObject({ all: expect.arrayContaining(["[say [say [['1']]]]"]) as unknown });
      expect(calm.begun()).toBe(ITEMS.length * 4);
      const names = namesOf((await eventsOf(join(folder, 'calm'))).events).toSorted();

      // As a call begins, and some milliseconds into it; the whole run has twenty.
      for (const [i, [calls, laterMs]] of (
        [
          [1, 0],
          [4, 7],
          [8, 20],
          [11, 26],
          [15, 3],
          [19, 13],
        ] as const
      ).entries()) {
        const mock = await openModel();
        const environment = environmentOf(`data-${i}`, mock.port);
        const running = startRiskflow([...begin, '--events'], environment);
        while (running.child.exitCode === null && mock.begun() < calls) await delay(1);
        await delay(laterMs);
        running.child.kill('SIGKILL');
        await running.finished;
        const before = await eventsOf(join(folder, `data-${i}`));
        const moment = `${laterMs} ms after call ${calls}`;
        expect(before.events.at(-1)?.type, moment).not.toBe('RunFinished');
        const resumed = await riskflow(['run', '--resume', '--json'], environment);
        expect(resumed.code, `${moment}: ${resumed.stderr}`).toBe(0);
        expect(JSON.parse(resumed.stdout), moment).toMatchObject({
          runId: before.runId,
          status: 'succeeded',
          outputs,
          totalSteps,
          totalTokens,
        });
        const after = await eventsOf(join(folder, `data-${i}`));
        expect(after.events.slice(0, before.events.length), moment).toEqual(before.events);
        expect(namesOf(after.events).toSorted(), moment).toEqual(names);
        expect(new Set(mock.asked.keys()), moment).toEqual(new Set(calm.asked.keys()));
        expect(mock.begun() - calm.begun(), moment).toBeLessThanOrEqual(AT_A_TIME);
        mock.close();
      }
    });
  });
});
