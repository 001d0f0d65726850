import { describe, expect, it } from 'vitest';
import { initialState, type Plan, type RunState } from '../flow/core.ts';
import { NO_USAGE, PLAN_VERSION, type RunEvent } from '../schemas/core.ts';
import { markdownText, ProgressTable } from './progress-table.ts';

const plan: Plan = {
  planVersion: PLAN_VERSION,
  flow: 'f',
  flowVersion: 'v',
  mode: 'workflow',
  nodes: [],
  edges: [],
  scopes: [],
  root: 0,
  environment: {},
  conversation: {},
  conversationTypes: {},
  hasSecrets: false,
  mayWait: false,
};
const state = (change: Partial<RunState> = {}): RunState => ({ ...initialState(plan), steps: 3, ...change });
const visit = (nodeId: string) => ({ nodeId, path: [], visit: 1 });
const began = (nodeId: string, at = 0): RunEvent => ({
  type: 'NodeStarted',
  data: { ...visit(nodeId), index: 1, effectId: nodeId, contentKey: null, inputs: { private: 'input' }, at },
});
const retried = (nodeId: string, attempt: number, at: number): RunEvent => ({
  type: 'NodeRetried',
  data: {
    ...visit(nodeId),
    effectId: nodeId,
    attempt,
    error: { message: 'private error', type: 'E' },
    delayMs: 5,
    usage: NO_USAGE,
    at,
  },
});
const finished = (nodeId: string, startedAt: number, at: number): RunEvent => ({
  type: 'NodeFinished',
  data: {
    ...visit(nodeId),
    index: 1,
    status: 'succeeded',
    inputs: null,
    outputs: { private: 'output' },
    handle: 'source',
    error: null,
    effectId: nodeId,
    usage: NO_USAGE,
    reused: false,
    elapsedMs: 1,
    startedAt,
    at,
  },
});

describe('the table of progress', () => {
  it('shows what changed last first, how often it was tried, and how long it took', () => {
    const table = new ProgressTable(plan);
    table.note([began('a'), began('b', 3_661_000), retried('a', 1, 50), finished('a', 0, 1_250), retried('b', 1, 60)]);
    const text = table.text(
      state({
        running: new Map([
          ['b', { frame: '', node: 0, index: 1, attempt: 2, startedAt: 0, notBefore: 0, contentKey: null, memo: null, turn: 1 }],
        ]),
      }),
    );
    expect(text.split('\n')).toEqual([
      '**running** · 3 nodes · 1 under way · 2 tried again',
      '',
      '| node | status | attempts | seconds |',
      '|---|---|--:|--:|',
      '| b | retrying | 2 | since 01:01:01 UTC |',
      '| a | succeeded | 2 | 1.3 |',
    ]);
    expect(text).not.toContain('private');
  });

  it('says that the run is paused or to stop', () => {
    const table = new ProgressTable(plan);
    expect(table.text(state({ steps: 1, paused: { reason: 'waits', until: null, at: 0 } }))).toBe('**paused** · 1 node · 0 under way');
    expect(table.text(state({ stopReason: 'too *dear*' }))).toContain(String.raw`to stop: too \*dear\*`);
  });

  it('stays small: those that run stay, of the others the last', () => {
    const table = new ProgressTable(plan);
    table.note([began('slow'), ...Array.from({ length: 50 }, (_, i) => finished(`n${i}`, 0, i))]);
    const rows = table.text(state()).split('\n').slice(4);
    expect(rows).toHaveLength(20);
    expect(rows[0]).toContain('n49');
    expect(rows.at(-1)).toContain('slow');
  });
});

describe('a title in Markdown', () => {
  it.each([
    ['Ask | the *model*', String.raw`Ask \| the \*model\*`],
    ['[x](http://y)', String.raw`\[x\](http://y)`],
    ['<img src=x> & `code`\nnext', String.raw`\<img src=x\> \& \`code\` next`],
    ['a'.repeat(81), `${'a'.repeat(79)}…`],
  ])('%j', (title, shown) => {
    expect(markdownText(title)).toBe(shown);
  });
});
