import { describe, expect, it } from 'vitest';
import { importFlow, inspectFlow } from './import-flow.ts';

const MODEL = { provider: 'openai', name: 'gpt-4', mode: 'chat', completion_params: { temperature: 0.5, max_tokens: 512 } };

function definitionOf(mode: string, config: Readonly<Record<string, unknown>>) {
  const text = JSON.stringify({ app: { name: 'bot', mode }, kind: 'app', version: '0.1.5', model_config: config });
  const { definition, issues } = inspectFlow(text);
  if (definition === null) throw new Error(issues[0]?.message);
  return {
    definition,
    issues,
    data: Object.fromEntries(definition.nodes.map((node) => [node.id, node.data])),
    ids: definition.nodes.map(({ id }) => id),
  };
}

describe('a chat app', () => {
  const config = {
    model: MODEL,
    prompt_type: 'simple',
    pre_prompt: 'You speak {{lang}} to {{name}}, never {{other}}.',
    user_input_form: [
      { 'text-input': { label: 'Language', variable: 'lang', required: true, max_length: 48, default: 'English' } },
      { select: { label: 'Name', variable: 'name', required: false, options: ['Ann', 'Bob'], default: '' } },
      { paragraph: { label: 'More', variable: 'more', required: false } },
    ],
    opening_statement: 'Hello',
    suggested_questions: ['Why?'],
  };

  it('becomes start → llm → answer, as Dify converts it', () => {
    const { definition, data, ids } = definitionOf('chat', config);
    expect(ids).toEqual(['start', 'llm', 'answer']);
    expect(definition.mode).toBe('advanced-chat');
    expect(definition.edges).toEqual([
      { source: 'start', target: 'llm', handle: 'source' },
      { source: 'llm', target: 'answer', handle: 'source' },
    ]);
    expect(data['start']).toMatchObject({
      variables: [
        { variable: 'lang', type: 'text-input', required: true, max_length: 48, default: 'English' },
        { variable: 'name', type: 'select', options: ['Ann', 'Bob'] },
        { variable: 'more', type: 'paragraph', required: false },
      ],
    });
    expect(data['llm']).toMatchObject({
      model: { provider: 'openai', name: 'gpt-4', mode: 'chat', completion_params: { temperature: 0.5, max_tokens: 512 } },
      prompt_template: [{ role: 'system', text: 'You speak {{#start.lang#}} to {{#start.name#}}, never {{other}}.\n' }],
      memory: { window: { enabled: false } },
      context: { enabled: false },
      vision: { enabled: false },
    });
    expect(data['answer']).toMatchObject({ answer: '{{#llm.text#}}' });
    expect(definition.features).toMatchObject({ opening_statement: 'Hello', suggested_questions: ['Why?'] });
  });

  it('can be run, and says what became of it', () => {
    const imported = importFlow(JSON.stringify({ app: { name: 'bot', mode: 'chat' }, model_config: config }));
    expect(imported.ok && imported.flow.warnings[0]).toMatch(
      /^the app of mode "chat" has no graph: it is turned into the flow start → llm → answer/,
    );
    expect(imported.ok && imported.flow.plan.nodes.map(({ id }) => id)).toEqual(['start', 'llm', 'answer']);
  });

  it('with knowledge bases asks them first, and the prompt has what they hold', () => {
    const { data, ids } = definitionOf('chat', {
      ...config,
      dataset_configs: {
        retrieval_model: 'multiple',
        top_k: 4,
        reranking_enable: false,
        datasets: { datasets: [{ dataset: { enabled: true, id: 'kb-1' } }, { dataset: { enabled: false, id: 'kb-2' } }] },
      },
      agent_mode: { enabled: true, strategy: 'router', tools: [{ dataset: { enabled: true, id: 'kb-3' } }] },
    });
    expect(ids).toEqual(['start', 'knowledge_retrieval', 'llm', 'answer']);
    expect(data['knowledge_retrieval']).toMatchObject({
      query_variable_selector: ['sys', 'query'],
      dataset_ids: ['kb-1', 'kb-3'],
      retrieval_mode: 'multiple',
      multiple_retrieval_config: { top_k: 4, reranking_enable: false },
    });
    expect(data['llm']).toMatchObject({ context: { enabled: true, variable_selector: ['knowledge_retrieval', 'result'] } });
    expect(JSON.stringify(data['llm'])).toContain('{{#context#}}');
  });

  it('with prompt_type advanced has the messages of the app', () => {
    const { data } = definitionOf('chat', {
      ...config,
      prompt_type: 'advanced',
      chat_prompt_config: {
        prompt: [
          { role: 'system', text: 'In {{lang}}.' },
          { role: 'user', text: 'Say {{#query#}}' },
        ],
      },
    });
    expect(data['llm']).toMatchObject({
      prompt_template: [
        { role: 'system', text: 'In {{#start.lang#}}.' },
        { role: 'user', text: 'Say {{#sys.query#}}' },
      ],
    });
  });

  it('of a completion model has one text and the names of the speakers', () => {
    const { data } = definitionOf('chat', {
      ...config,
      model: { ...MODEL, mode: 'completion' },
      prompt_type: 'advanced',
      completion_prompt_config: {
        prompt: { text: '{{lang}}: {{#query#}}' },
        conversation_histories_role: { user_prefix: 'U', assistant_prefix: 'A' },
      },
    });
    expect(data['llm']).toMatchObject({
      prompt_template: { text: '{{#start.lang#}}: {{#sys.query#}}' },
      memory: { role_prefix: { user: 'U', assistant: 'A' } },
    });
  });
});

it('an agent app becomes start → agent → answer with its tools and its strategy', () => {
  const { data, ids, definition } = definitionOf('agent-chat', {
    model: MODEL,
    pre_prompt: 'Help {{name}}.',
    user_input_form: [{ 'text-input': { label: 'Name', variable: 'name', required: false } }],
    agent_mode: {
      enabled: true,
      strategy: 'react',
      max_iteration: 7,
      tools: [
        {
          enabled: true,
          provider_id: 'time',
          provider_type: 'builtin',
          provider_name: 'time',
          tool_name: 'current_time',
          tool_label: 'Now',
          tool_parameters: { format: '%H' },
        },
      ],
    },
  });
  expect(ids).toEqual(['start', 'agent', 'answer']);
  expect(definition.mode).toBe('advanced-chat');
  expect(data['agent']).toMatchObject({
    agent_strategy_name: 'ReAct',
    agent_parameters: {
      model: { value: { provider: 'openai', model: 'gpt-4', completion_params: { temperature: 0.5 } } },
      instruction: { value: 'Help {{#start.name#}}.' },
      query: { value: '{{#sys.query#}}' },
      maximum_iterations: { value: 7 },
      tools: { value: [{ provider_name: 'time', tool_name: 'current_time', type: 'builtin', parameters: { format: '%H' } }] },
    },
  });
});

it('a completion app becomes a workflow with the output result', () => {
  const { definition, data, ids } = definitionOf('completion', {
    model: MODEL,
    pre_prompt: 'Translate: {{text}}',
    user_input_form: [{ paragraph: { label: 'Text', variable: 'text', required: true } }],
    dataset_query_variable: 'text',
    dataset_configs: { retrieval_model: 'single', datasets: { datasets: [{ dataset: { enabled: true, id: 'kb' } }] } },
  });
  expect([definition.mode, ids]).toEqual(['workflow', ['start', 'knowledge_retrieval', 'llm', 'end']]);
  expect(data['knowledge_retrieval']).toMatchObject({
    query_variable_selector: ['start', 'text'],
    retrieval_mode: 'single',
    single_retrieval_config: { model: { provider: 'openai' } },
  });
  expect(data['llm']).toMatchObject({ prompt_template: [{ role: 'user' }], memory: null });
  expect(data['end']).toMatchObject({ outputs: [{ variable: 'result', value_selector: ['llm', 'text'] }] });
});

it('an external data tool is an input, and is said to be one', () => {
  const { data, issues } = definitionOf('chat', {
    model: MODEL,
    pre_prompt: 'Weather: {{weather}}',
    user_input_form: [{ external_data_tool: { type: 'api', variable: 'weather', label: 'W', config: { api_based_extension_id: 'x' } } }],
    external_data_tools: [{ type: 'api', variable: 'weather', config: {} }],
  });
  expect(data['start']).toMatchObject({ variables: [{ variable: 'weather', type: 'paragraph', required: false }] });
  expect(JSON.stringify(data['llm'])).toContain('{{#start.weather#}}');
  expect(issues.filter(({ message }) => message.includes('"weather"'))).toHaveLength(1);
});

it.each([
  ['nothing', {}],
  ['null everywhere', { model: null, pre_prompt: null, user_input_form: null, dataset_configs: null, agent_mode: null, file_upload: null }],
  [
    'the wrong kinds',
    { model: 7, pre_prompt: [], user_input_form: { a: 1 }, dataset_configs: 'x', agent_mode: [], prompt_type: 3, external_data_tools: 'y' },
  ],
  [
    'wrong things in lists',
    { user_input_form: [7, null, { 'text-input': null }, { number: 3 }], agent_mode: { enabled: true, tools: [null, 7, { dataset: 1 }] } },
  ],
])('a configuration with %s still becomes a flow', (_, config) => {
  for (const mode of ['chat', 'agent-chat', 'completion', '']) expect(definitionOf(mode, config).ids.at(0)).toBe('start');
});
