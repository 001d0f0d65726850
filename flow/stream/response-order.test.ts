import { describe, expect, it } from 'vitest';
import { toJsonText, type Pin, type RunEvent, type Value } from '../../schemas/core.ts';
import { flowOf, startNode, type TestEdge, type TestNode } from '../testing/dsl.ts';
import { drive } from '../testing/drive.ts';
import { difyEvents } from './dify-events.ts';

const llm = (id: string, extra: Readonly<Record<string, unknown>> = {}): TestNode => ({
  id,
  type: 'llm',
  model: { provider: 'openai', name: 'm' },
  prompt_template: [{ role: 'user', text: 'hi' }],
  ...extra,
});
const answer = (id: string, text: string, extra: Readonly<Record<string, unknown>> = {}): TestNode => ({
  id,
  type: 'answer',
  answer: text,
  ...extra,
});
const pin = (text: string, ...chunks: readonly string[]): Pin => ({ outputs: { text }, chunks });

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

type Told = { readonly event: string; readonly text: string; readonly of: string; readonly node: string };
type Case = {
  readonly nodes: readonly TestNode[];
  readonly edges: readonly TestEdge[];
  readonly pins?: Readonly<Record<string, Pin>>;
  readonly next?: (waiting: number) => number;
  readonly mode?: string;
};

/** What a run tells, pieces of text with whose they are. */
function tell({ nodes, edges, pins = {}, next, mode = 'advanced-chat' }: Case): {
  readonly told: readonly Told[];
  readonly events: readonly RunEvent[];
} {
  const { plan } = flowOf([startNode(), ...nodes], edges, { mode });
  const driven = drive(plan, { system: new Map<string, Value>([['query', 'Q']]), pins, ...(next === undefined ? {} : { next }) });
  const stream = difyEvents(plan);
  const lines = driven.events
    .flatMap((event) => stream.event(event))
    .map((event) => JSON.parse(toJsonText(event)) as Record<string, unknown>);
  const told = lines.map((line): Told => {
    const data = (line['data'] ?? {}) as Record<string, unknown>;
    const of = (line['from_variable_selector'] ?? data['from_variable_selector'] ?? []) as readonly string[];
    return {
      event: String(line['event']),
      text: textOf(line['answer'] ?? data['text']),
      of: of.join('.'),
      node: textOf(data['node_id']),
    };
  });
  return { told, events: driven.events };
}
const said = ({ told }: { readonly told: readonly Told[] }): readonly (readonly [string, string])[] =>
  told.filter(({ event }) => event === 'message' || event === 'text_chunk').map(({ text, of }) => [text, of]);

describe('the order in which answers are said', () => {
  it('text at once, variables of the pool with it, chunks of a model as they come', () => {
    const case_ = {
      nodes: [llm('m'), answer('a', 'You said {{#sys.query#}}: {{#m.text#}}!')],
      edges: ['start -> m', 'm -> a'],
      pins: { m: pin('one two', 'one', ' two') },
    } as const;
    expect(said(tell(case_))).toEqual([
      ['You said ', 'a.answer'],
      ['Q', 'a.answer'],
      [': ', 'a.answer'],
      ['one', 'm.text'],
      [' two', 'm.text'],
      ['!', 'a.answer'],
    ]);
    const { told } = tell(case_);
    const at = (event: string, node: string): number => told.findIndex((line) => line.event === event && line.node === node);
    const chunk = told.findIndex(({ text }) => text === 'one');
    expect(chunk).toBeGreaterThan(at('node_started', 'm'));
    expect(chunk).toBeLessThan(at('node_finished', 'm'));
    expect(told.findIndex(({ text }) => text === 'You said ')).toBeGreaterThan(at('node_started', 'start'));
  });

  it('a model that is later in the template waits, however early it speaks', () => {
    const order = tell({
      nodes: [llm('x'), llm('y'), answer('a', '{{#x.text#}}-{{#y.text#}}')],
      edges: ['start -> x', 'start -> y', 'x -> a', 'y -> a'],
      pins: { x: pin('X', 'X'), y: pin('Y', 'Y') },
      next: (waiting) => waiting - 1,
    });
    expect(said(order).map(([text]) => text)).toEqual(['X', '-', 'Y']);
  });

  it('answers behind a branch that may not be taken wait for it; one that is not taken says nothing', () => {
    const order = tell({
      nodes: [
        llm('m'),
        {
          id: 'if',
          type: 'if-else',
          cases: [
            {
              case_id: 'yes',
              logical_operator: 'and',
              conditions: [{ variable_selector: ['m', 'text'], comparison_operator: 'is', value: 'go' }],
            },
          ],
        },
        answer('yes', 'taken'),
        answer('no', 'not taken'),
        answer('after', ' and {{#no.answer#}}'),
      ],
      edges: ['start -> m', 'm -> if', 'if:yes -> yes', 'if:false -> no', 'yes -> after', 'no -> after'],
      pins: { m: pin('go') },
    });
    expect(said(order)).toEqual([
      ['taken', 'yes.answer'],
      [' and ', 'after.answer'],
    ]);
    const branch = order.told.findIndex(({ event, node }) => event === 'node_finished' && node === 'if');
    expect(order.told.findIndex(({ text }) => text === 'taken')).toBeGreaterThan(order.told.findIndex(({ node }) => node === 'if'));
    expect(branch).toBeGreaterThan(-1);
  });

  it('a variable that is written on the way is said as it is then', () => {
    const { plan } = flowOf(
      [
        startNode(),
        {
          id: 'w',
          type: 'assigner',
          version: '2',
          items: [{ variable_selector: ['conversation', 'v'], input_type: 'constant', operation: 'over-write', value: 'new' }],
        },
        answer('a', '{{#conversation.v#}}'),
      ],
      ['start -> w', 'w -> a'],
      { mode: 'advanced-chat', conversation: [{ name: 'v', value_type: 'string', value: 'old' }] },
    );
    const stream = difyEvents(plan);
    const events = drive(plan).events.flatMap((event) => stream.event(event));
    expect(events.flatMap((event) => (event.get('event') === 'message' ? [event.get('answer')] : []))).toEqual(['new']);
  });

  it('passes of an iteration speak one after the other, and what follows it after them', () => {
    const order = tell({
      nodes: [
        llm('items'),
        {
          id: 'it',
          type: 'iteration',
          iterator_selector: ['items', 'list'],
          output_selector: ['m', 'text'],
          is_parallel: true,
          start_node_id: 'b',
        },
        { id: 'b', type: 'iteration-start', parentId: 'it' },
        llm('m', { parentId: 'it' }),
        answer('in', '{{#it.item#}}={{#m.text#}};', { parentId: 'it' }),
        answer('out', 'done'),
      ],
      edges: ['start -> items', 'items -> it', 'b -> m', 'm -> in', 'it -> out'],
      pins: { items: { outputs: { list: ['a', 'b', 'c'] } }, m: pin('hm', 'h', 'm') },
      next: (waiting) => waiting - 1,
    });
    expect(
      said(order)
        .map(([text]) => text)
        .join(''),
    ).toBe('a=hm;b=hm;c=hm;done');
    const kinds = order.told.map(({ event }) => event);
    expect(kinds.filter((kind) => kind === 'iteration_next')).toHaveLength(3);
    expect(kinds.indexOf('iteration_started')).toBeLessThan(kinds.indexOf('iteration_next'));
    expect(kinds.indexOf('iteration_completed')).toBe(kinds.lastIndexOf('iteration_completed'));
  });

  it('a try that failed after it had spoken is taken back', () => {
    const { plan } = flowOf(
      [
        startNode(),
        llm('m', { retry_config: { retry_enabled: true, max_retries: 1, retry_interval: 1 } }),
        answer('a', 'So: {{#m.text#}}'),
      ],
      ['start -> m', 'm -> a'],
      { mode: 'advanced-chat' },
    );
    const stream = difyEvents(plan);
    let tries = 0;
    const driven = drive(plan, {
      answer: () =>
        tries++ === 0
          ? {
              status: 'failed',
              error: { message: 'cut off', type: 'E', retryable: true },
              usage: { inputTokens: null, outputTokens: null, cost: null, calls: 1 },
              elapsedMs: 1,
              reused: false,
            }
          : {
              status: 'succeeded',
              outputs: { text: 'right' },
              usage: { inputTokens: null, outputTokens: null, cost: null, calls: 1 },
              elapsedMs: 1,
              reused: false,
            },
    });
    const told = driven.events.flatMap((event) => [
      ...(event.type === 'NodeRetried' ? stream.chunk(event.data.effectId, 'wro') : []),
      ...stream.event(event),
    ]);
    const texts = told.flatMap((event) =>
      event.get('event') === 'message' || event.get('event') === 'message_replace' ? [[event.get('event'), event.get('answer')]] : [],
    );
    expect(texts).toEqual([
      ['message', 'So: '],
      ['message', 'wro'],
      ['message_replace', 'So: '],
      ['message', 'right'],
    ]);
  });

  it('outputs of a workflow come as chunks of text, each on a line', () => {
    const order = tell({
      nodes: [
        llm('m'),
        {
          id: 'end',
          type: 'end',
          outputs: [
            { variable: 'a', value_selector: ['m', 'text'] },
            { variable: 'b', value_selector: ['m', 'n'] },
          ],
        },
      ],
      edges: ['start -> m', 'm -> end'],
      pins: { m: { outputs: { text: 'yes', n: 2 }, chunks: ['y', 'es'] } },
      mode: 'workflow',
    });
    expect(said(order)).toEqual([
      ['y', 'm.text'],
      ['es', 'm.text'],
      ['\n', 'end.answer'],
      ['2', 'm.n'],
    ]);
    expect(order.told.map(({ event }) => event)).not.toContain('message_end');
  });

  it('what failed says nothing more', () => {
    const order = tell({
      nodes: [llm('m'), answer('a', 'So: {{#m.text#}} and more')],
      edges: ['start -> m', 'm -> a'],
      pins: { m: { error: 'away' } },
    });
    expect(said(order)).toEqual([['So: ', 'a.answer']]);
  });
});
