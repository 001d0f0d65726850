import { mkdirSync, writeFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { dslText, type TestEdge, type TestNode } from '../../flow/testing/dsl.ts';
import { newFolder, riskflow } from './riskflow.ts';

const start = (...variables: readonly Readonly<Record<string, unknown>>[]): TestNode => ({
  id: 'start',
  type: 'start',
  variables: variables.map((variable) => ({ label: '', type: 'paragraph', required: true, ...variable })),
});
const end = (outputs: Readonly<Record<string, readonly string[]>>): TestNode => ({
  id: 'end',
  type: 'end',
  outputs: Object.entries(outputs).map(([variable, value_selector]) => ({ variable, value_selector })),
});
const template = (id: string, text: string): TestNode => ({
  id,
  type: 'template-transform',
  template: text,
  variables: [{ variable: 'text', value_selector: ['start', 'text'] }],
});
const llm = (provider: string, name: string, more: Readonly<Record<string, unknown>> = {}): TestNode => ({
  id: 'ask',
  type: 'llm',
  title: 'Ask',
  model: { provider, name, mode: 'chat', completion_params: {} },
  prompt_template: [{ role: 'user', text: 'Is this spam? {{#start.text#}}' }],
  ...more,
});

const named = (name: string, text: string): string => text.replace('"name":"test"', `"name":"${name}"`);
const flow = (name: string, nodes: readonly TestNode[], edges: readonly TestEdge[], extra?: Parameters<typeof dslText>[2]): string =>
  named(name, dslText(nodes, edges, extra));
const askFlow = (name: string, node: TestNode): string =>
  flow(name, [start({ variable: 'text' }), node, end({ label: ['ask', 'text'] })], ['start -> ask', 'ask -> end']);
const saying = (name: string, text: string): string =>
  flow(name, [start({ variable: 'text' }), template('say', text), end({ label: ['say', 'output'] })], ['start -> say', 'say -> end']);

/** Flows of a few nodes. `text` is their input and `label` their output unless the name says something else. */
const flows = {
  /** Right about every sample of `samples.csv`. */
  good: saying('good', '{% if "win" in text %}spam{% else %}ham{% endif %}'),
  /** Wrong about every one. */
  bad: saying('bad', '{% if "win" in text %}ham{% else %}spam{% endif %}'),
  ask: askFlow('ask', llm('langgenius/openai/openai', 'small')),
  /** Asks with a parameter that OpenAI's API does not know. */
  oddParams: askFlow(
    'odd-params',
    llm('openai', 'small', { model: { provider: 'openai', name: 'small', mode: 'chat', completion_params: { temperature: 0, top_k: 5 } } }),
  ),
  /** Asks about the input, then about the answer. */
  askTwice: flow(
    'ask-twice',
    [
      start({ variable: 'text' }),
      llm('openai', 'small'),
      { ...llm('openai', 'small'), id: 'again', prompt_template: [{ role: 'user', text: 'Sure about {{#ask.text#}}?' }] },
      end({ label: ['again', 'text'] }),
    ],
    ['start -> ask', 'ask -> again', 'again -> end'],
  ),
  foreign: askFlow('foreign', llm('acme', 'm1')),
  askFailBranch: flow(
    'careful',
    [
      start({ variable: 'text' }),
      llm('openai', 'small', { error_strategy: 'fail-branch' }),
      template('sorry', 'sorry'),
      end({ label: ['ask', 'text'] }),
      { ...end({ label: ['sorry', 'output'] }), id: 'end2' },
    ],
    ['start -> ask', 'ask -> end', 'ask:fail-branch -> sorry', 'sorry -> end2'],
  ),
  classify: flow(
    'classify',
    [
      start({ variable: 'text' }),
      {
        id: 'class',
        type: 'question-classifier',
        model: { provider: 'riskflow/riskflow/classifier', name: 'small@tune', mode: 'chat', completion_params: {} },
        query_variable_selector: ['start', 'text'],
        classes: [
          { id: '1', name: 'spam' },
          { id: '2', name: 'ham' },
        ],
        instruction: '',
      },
      end({ label: ['class', 'class_name'] }),
    ],
    ['start -> class', 'class:1 -> end', 'class:2 -> end'],
  ),
  numbers: flow(
    'numbers',
    [
      start(
        { variable: 'n', type: 'number' },
        { variable: 'data', type: 'json_object', required: false },
        { variable: 'kind', type: 'select', options: ['a', 'b'], required: false },
      ),
      end({ n: ['start', 'n'], data: ['start', 'data'] }),
    ],
    ['start -> end'],
  ),
  short: flow(
    'short',
    [start({ variable: 'text', type: 'text-input', max_length: 5 }), end({ label: ['start', 'text'] })],
    ['start -> end'],
  ),
  twoOutputs: flow('two', [start({ variable: 'text' }), end({ one: ['start', 'text'], two: ['start', 'text'] })], ['start -> end']),
  chat: flow('chat', [start(), { id: 'answer', type: 'answer', answer: 'You said {{#sys.query#}}' }], ['start -> answer'], {
    mode: 'advanced-chat',
  }),
  waits: flow(
    'waits',
    [start({ variable: 'text' }), { id: 'ask', type: 'human-input', title: 'Ask Ann' }, end({ label: ['start', 'text'] })],
    ['start -> ask', 'ask -> end'],
  ),
  needsAge: flow('needs-age', [start({ variable: 'age' }), end({ label: ['start', 'age'] })], ['start -> end']),
} as const;

/** 40 samples, half of them spam, which is what says "win". */
export const samplesCsv = [
  'id,text,label,lang',
  ...Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? `s${i},win a prize number ${i},spam,en` : `s${i},see you at ${i} o'clock,ham,zh`)),
].join('\n');

/** A working folder with a file for each flow, `samples.csv` and `records.ndjson`. */
export function workingFolder(): string {
  const folder = newFolder();
  for (const [name, text] of Object.entries(flows)) writeFileSync(join(folder, `${name}.yml`), text);
  writeFileSync(join(folder, 'samples.csv'), samplesCsv);
  const records = Array.from({ length: 20 }, (_, i) => JSON.stringify({ id: `r${i}`, text: i % 2 === 0 ? 'win big' : 'hello' }));
  writeFileSync(join(folder, 'records.ndjson'), `${[...records.slice(0, 10), '{"broken', ...records.slice(10)].join('\n')}\n`);
  mkdirSync(join(folder, 'empty-folder'));
  return folder;
}

/** A data folder with the sample set `small` (splits tune and test), and whatever else the commands give. */
export async function dataWithSamples(folder: string, commands: readonly (readonly string[])[] = []): Promise<string> {
  const data = join(newFolder(), 'data');
  const all = [
    ['sample', 'import', 'small', 'samples.csv'],
    ['sample', 'split', 'small', '--tune', '0.5', '--test', '0.5', '--seed', '7'],
    ...commands,
  ];
  for (const args of all) {
    const { code, err } = await riskflow(args, { data, folder });
    if (code !== 0 && code !== 3 && code !== 4) throw new Error(`riskflow ${args.join(' ')} ended with ${code}: ${err}`);
  }
  return data;
}

/** The arguments of an evaluation on the test split of that data. */
export const evalOf = (a: string, b: string, ...more: readonly string[]): readonly string[] => [
  ...['eval', 'run', '--a', a, '--b', b, '--samples', 'small@test'],
  ...more,
];

/** A copy of a data folder, so that a test has its own. */
export async function copyOf(data: string): Promise<string> {
  const copy = join(newFolder(), 'data');
  await cp(data, copy, { recursive: true });
  return copy;
}
