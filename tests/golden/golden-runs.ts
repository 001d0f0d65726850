import type { Pin, Value } from '../../schemas/index.ts';
import { dslText, startNode, type TestNode } from '../../flow/testing/dsl.ts';
import { answerPins, fail, succeed, type Answer } from '../../flow/testing/drive.ts';

/** Runs whose events are kept as files, one for each way a run can go. Files are named after them and never changed within a plan version. */
export type GoldenRun = {
  readonly name: string;
  /** DSL text, or a file of examples/. */
  readonly flow: { readonly text: string } | { readonly example: string };
  readonly inputs: ReadonlyMap<string, Value>;
  readonly pins?: Readonly<Record<string, Pin>>;
  readonly system?: ReadonlyMap<string, Value>;
  readonly answer?: Answer;
  /** The effect under way that finishes next: the last one. */
  readonly lastFirst?: boolean;
};

const llm = (id: string, extra: Readonly<Record<string, unknown>> = {}): TestNode => ({
  id,
  type: 'llm',
  model: { provider: 'langgenius/openai/openai', name: 'm', mode: 'chat', completion_params: { temperature: 0.5 } },
  prompt_template: [{ role: 'system', text: 'be brief' }, { role: 'user', text: `${id}: {{#start.text#}}` }],
  ...extra,
});
const end = (id: string, outputs: Readonly<Record<string, readonly string[]>>): TestNode => ({ id, type: 'end', outputs: Object.entries(outputs).map(([variable, value_selector]) => ({ variable, value_selector })) });
const text = new Map<string, Value>([['text', 'Buy now, 免费']]);
const classified: Pin = { outputs: { class_id: '2', class_name: 'spam', class_label: '' } };

export const GOLDEN_RUNS: readonly GoldenRun[] = [
  { name: 'rules', flow: { example: 'report-triage/triage-rules.yml' }, inputs: new Map<string, Value>([['text', 'You won a prize, click the link'], ['channel', 'sms'], ['lang', 'en']]) },
  { name: 'cascade-classified', flow: { example: 'report-triage/triage-cascade.yml' }, inputs: new Map<string, Value>([['text', 'hello, how are you'], ['channel', 'dm'], ['lang', 'en']]), pins: { 'type:question-classifier': classified } },
  {
    name: 'parallel-models-last-first',
    flow: { text: dslText([startNode('text'), llm('a'), llm('b'), { id: 'agg', type: 'variable-aggregator', variables: [['b', 'text'], ['a', 'text']] }, end('end', { o: ['agg', 'output'], a: ['a', 'text'] })], ['start -> a', 'start -> b', 'a -> agg', 'b -> agg', 'agg -> end']) },
    inputs: text,
    answer: (effect) => succeed({ text: `answer of ${effect.nodeId}` }),
    lastFirst: true,
  },
  {
    name: 'retry-then-fail-branch',
    flow: { text: dslText([startNode('text'), llm('a', { error_strategy: 'fail-branch', retry_config: { retry_enabled: true, max_retries: 1, retry_interval: 10 } }), end('ok', { ok: ['a', 'text'] }), end('bad', { m: ['a', 'error_message'], t: ['a', 'error_type'] })], ['start -> a', 'a:source -> ok', 'a:fail-branch -> bad']) },
    inputs: text,
    answer: (effect) => fail(`attempt ${effect.attempt} failed`, 'InvokeServerUnavailableError'),
  },
  {
    name: 'default-value',
    flow: { text: dslText([startNode('text'), llm('a', { error_strategy: 'default-value', default_value: [{ key: 'text', type: 'string', value: 'fallback' }, { key: 'n', type: 'number', value: '2' }] }), end('end', { text: ['a', 'text'], n: ['a', 'n'] })], ['start -> a', 'a -> end']) },
    inputs: text,
    answer: () => fail('no'),
  },
  { name: 'failed', flow: { text: dslText([startNode('text'), llm('a'), end('end', {})], ['start -> a', 'a -> end']) }, inputs: text, answer: () => fail('boom') },
  {
    name: 'code-and-types',
    flow: {
      text: dslText(
        [
          startNode('text'),
          { id: 'code', type: 'code', code_language: 'javascript', code: 'function main({ t }) { return { n: 1, o: { b: 1, "10": 2, a: [1.5] } } }', variables: [{ variable: 't', value_selector: ['start', 'text'] }], outputs: { n: { type: 'number' }, f: { type: 'number' }, o: { type: 'object' } } },
          { id: 'tpl', type: 'template-transform', template: '{{ n }}|{{ f }}', variables: [{ variable: 'n', value_selector: ['code', 'n'] }, { variable: 'f', value_selector: ['code', 'f'] }] },
          end('end', { o: ['code', 'o'], tpl: ['tpl', 'output'], missing: ['code', 'nope'] }),
        ],
        ['start -> code', 'code -> tpl', 'tpl -> end'],
      ),
    },
    inputs: text,
    answer: () => succeed({ result: new Map<string, Value>([['n', 9007199254740993n], ['f', { float: 2 }], ['o', new Map<string, Value>([['b', 1], ['10', 2], ['a', [1.5, { float: -0 }]]])]]) }),
  },
  {
    name: 'chat-answers',
    flow: { text: dslText([startNode('text'), llm('a'), { id: 'one', type: 'answer', answer: 'You asked {{#sys.query#}}. ' }, { id: 'two', type: 'answer', answer: '{{#a.text#}}' }], ['start -> one', 'one -> a', 'a -> two'], { mode: 'advanced-chat' }) },
    inputs: text,
    system: new Map<string, Value>([['query', 'why?'], ['files', []]]),
    pins: { a: { outputs: { text: 'because' }, chunks: ['be', 'cause'] } },
    answer: answerPins,
  },
];
