import { isObject, type ObjectValue, type Value } from '../../schemas/core.ts';
import { easyDatasets } from './easy-datasets.ts';
import { easyModel, easyPrompt, type EasyModel } from './easy-prompt.ts';
import { easyVariables } from './easy-variables.ts';
import { at, listAt, textAt } from './value-reading.ts';
import { toYamlPlain, valueOfPlain, type YamlPlain } from './yaml-values.ts';

export type ConvertedApp = {
  readonly mode: 'workflow' | 'advanced-chat';
  readonly workflow: ObjectValue;
  /** One sentence each: what became of the app. */
  readonly notes: readonly string[];
};

type Node = { readonly id: string; readonly data: Readonly<Record<string, YamlPlain>> };

/**
 * Turns an app without a graph (chat, agent-chat, completion) into a small flow, as Dify's own "convert to workflow" does: start, then
 * knowledge_retrieval where the app has knowledge bases, then llm (or agent), then answer or end. `{{name}}` in its prompts becomes
 * `{{#start.name#}}`; the question is `sys.query`. Never fails: what is missing is then missed by the nodes.
 */
export function convertModelConfig(appMode: string, config: ObjectValue): ConvertedApp {
  const isChat = appMode !== 'completion';
  const isAgent = appMode === 'agent-chat' || (isChat && at(config, 'agent_mode', 'enabled') === true && agentTools(config).length > 0);
  const variables = easyVariables(config);
  const model = easyModel(config);
  const datasets = easyDatasets(config, { isChat, model });
  const start: Node = { id: 'start', data: { title: 'START', type: 'start', variables: variables.nodes } };
  const retrieval: readonly Node[] = datasets === null ? [] : [{ id: 'knowledge_retrieval', data: datasets }];
  const parts: Parts = { config, isChat, model, datasets, names: variables.names };
  const middle = isAgent ? agentNode(parts) : llmNode(parts);
  const last: Node = isChat
    ? { id: 'answer', data: { title: 'ANSWER', type: 'answer', answer: `{{#${middle.id}.text#}}` } }
    : { id: 'end', data: { title: 'END', type: 'end', outputs: [{ variable: 'result', value_selector: [middle.id, 'text'] }] } };
  const nodes = [start, ...retrieval, middle, last];
  const shown = nodes.map(({ id }) => id).join(' → ');
  const mode = isChat ? 'advanced-chat' : 'workflow';
  const named = appMode === '' ? 'without a mode' : `of mode "${appMode}"`;
  return {
    mode,
    workflow: workflowOf(nodes, featuresOf(config, isChat)),
    notes: [`the app ${named} has no graph: it is turned into the flow ${shown}`, ...variables.notes],
  };
}

type Parts = {
  readonly config: ObjectValue;
  readonly isChat: boolean;
  readonly model: EasyModel;
  readonly datasets: Readonly<Record<string, YamlPlain>> | null;
  readonly names: readonly string[];
};

function llmNode({ config, isChat, model, datasets, names }: Parts): Node {
  const { prompts, rolePrefix } = easyPrompt(config, {
    isChat,
    isCompletion: model.mode === 'completion',
    hasContext: datasets !== null,
    names,
  });
  const pictures = at(config, 'file_upload', 'image', 'enabled') === true || at(config, 'file_upload', 'enabled') === true;
  const detail = textAt(config, 'file_upload', 'image', 'detail');
  return {
    id: 'llm',
    data: {
      title: 'LLM',
      type: 'llm',
      model: model.data,
      prompt_template: prompts,
      memory: isChat ? { role_prefix: rolePrefix, window: { enabled: false } } : null,
      context: { enabled: datasets !== null, variable_selector: datasets === null ? [] : ['knowledge_retrieval', 'result'] },
      vision: pictures
        ? { enabled: true, configs: { variable_selector: ['sys', 'files'], detail: detail === '' ? 'high' : detail } }
        : { enabled: false },
    },
  };
}

/** Dify's name for a strategy, by what an app of the mode agent-chat calls it. */
const STRATEGIES: ReadonlyMap<string, string> = new Map([
  ['react', 'ReAct'],
  ['cot', 'ReAct'],
]);

function agentNode({ config, model, datasets, names }: Parts): Node {
  const strategy = STRATEGIES.get(textAt(config, 'agent_mode', 'strategy')) ?? 'function_calling';
  const most = at(config, 'agent_mode', 'max_iteration');
  const { instruction } = easyPrompt(config, { isChat: true, isCompletion: false, hasContext: false, names });
  const found = datasets === null ? '' : '\n\n<context>\n{{#knowledge_retrieval.result#}}\n</context>';
  return {
    id: 'agent',
    data: {
      title: 'AGENT',
      type: 'agent',
      agent_strategy_provider_name: 'langgenius/agent/agent',
      agent_strategy_name: strategy,
      agent_strategy_label: strategy,
      agent_parameters: {
        model: { type: 'constant', value: { ...model.agent, type: 'model-selector', model_type: 'llm' } },
        tools: { type: 'constant', value: agentTools(config).map(agentTool) },
        instruction: { type: 'constant', value: `${instruction}${found}` },
        query: { type: 'constant', value: '{{#sys.query#}}' },
        maximum_iterations: { type: 'constant', value: typeof most === 'number' ? BigInt(most) : 10n },
      },
      memory: { window: { enabled: false } },
    },
  };
}

const agentTools = (config: ObjectValue): readonly ObjectValue[] =>
  listAt(config, 'agent_mode', 'tools')
    .filter((tool) => isObject(tool))
    .filter((tool) => textAt(tool, 'tool_name') !== '');

/** A tool of an app, in the words of an agent node. */
function agentTool(tool: ObjectValue): YamlPlain {
  const provider = textAt(tool, 'provider_id') || textAt(tool, 'provider_name');
  const type = textAt(tool, 'provider_type');
  return {
    enabled: at(tool, 'enabled') !== false,
    provider_name: provider,
    tool_name: textAt(tool, 'tool_name'),
    tool_label: textAt(tool, 'tool_label') || textAt(tool, 'tool_name'),
    type: type === '' ? 'builtin' : type,
    settings: {},
    parameters: toYamlPlain(isObject(at(tool, 'tool_parameters')) ? at(tool, 'tool_parameters') : new Map()),
  };
}

const CHAT_FEATURES = [
  'opening_statement',
  'suggested_questions',
  'suggested_questions_after_answer',
  'speech_to_text',
  'text_to_speech',
  'file_upload',
  'sensitive_word_avoidance',
  'retriever_resource',
] as const;
const TEXT_FEATURES: readonly string[] = ['text_to_speech', 'file_upload', 'sensitive_word_avoidance'];

const featuresOf = (config: ObjectValue, isChat: boolean): ObjectValue =>
  new Map(
    (isChat ? CHAT_FEATURES : TEXT_FEATURES).flatMap((name): readonly (readonly [string, Value])[] => {
      const feature = config.get(name) ?? null;
      return feature === null ? [] : [[name, feature]];
    }),
  );

function workflowOf(nodes: readonly Node[], features: ObjectValue): ObjectValue {
  const edges = nodes.slice(1).map(({ id }, i) => ({ source: nodes[i]?.id ?? '', target: id, sourceHandle: 'source' }));
  const graph = valueOfPlain({ nodes: nodes.map(({ id, data }) => ({ id, type: 'custom', data })), edges });
  return new Map<string, Value>([
    ['graph', graph],
    ['features', features],
  ]);
}
