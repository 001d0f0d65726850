import type { Json, Values } from '../../schemas/core.ts';
import { conditionSelectors } from '../conditions/index.ts';
import {
  DEFAULT_HANDLE,
  EMPTY,
  failed,
  finished,
  type Conclusion,
  type More,
  type NodeContext,
  type NodeError,
  type NodeOutcome,
} from '../engine/node-outcome.ts';
import { concludeAgent, proceedAgent, readsOfAgent, recoverAgent, startAgent } from './agent/start.ts';
import { startAnswer } from './answer/start.ts';
import { readsOfAssigner } from './assigner/reads.ts';
import { startAssigner } from './assigner/start.ts';
import { concludeCode } from './code/conclude.ts';
import { startCode } from './code/start.ts';
import type { NodeBehaviour, NodeConfigs, NodeKindName } from './configs.ts';
import { startDocumentExtractor } from './document-extractor/start.ts';
import { startEnd } from './end/start.ts';
import { concludeHttpRequest } from './http-request/conclude.ts';
import { readsOfHttpRequest, startHttpRequest } from './http-request/start.ts';
import { concludeHumanInput, pinnedAction, startHumanInput } from './human-input/start.ts';
import { pinnedCase, startIfElse } from './if-else/start.ts';
import { startIteration } from './iteration/start.ts';
import { readsOfKnowledgeRetrieval, startKnowledgeRetrieval } from './knowledge-retrieval/start.ts';
import { readsOfListOperator } from './list-operator/reads.ts';
import { startListOperator } from './list-operator/start.ts';
import { concludeLlm } from './llm/conclude.ts';
import { readsOfLlm } from './llm/reads.ts';
import { startLlm } from './llm/start.ts';
import { startLoop } from './loop/start.ts';
import type { ModelConfig } from './model-config.ts';
import type { NodeKind, Reads, Told } from './node-kind.ts';
import { concludeExtractor } from './parameter-extractor/conclude.ts';
import { readsOfExtractor } from './parameter-extractor/reads.ts';
import { startExtractor } from './parameter-extractor/start.ts';
import { readsOfClassifier } from './question-classifier/reads.ts';
import { concludeClassifier, pinnedClass, startClassifier } from './question-classifier/start.ts';
import type { NamedSelector, Selector } from '../plan/selector.ts';
import { startTemplateTransform } from './template-transform/start.ts';
import { readsOfTool, startTool } from './tool/start.ts';
import { startAggregator } from './variable-aggregator/start.ts';

const selectorsOf = (variables: readonly NamedSelector[]): readonly Selector[] => variables.map((variable) => variable.selector);

/** The kinds of nodes. */
const KINDS: { readonly [K in NodeKindName]: NodeKind<NodeConfigs[K]> } = {
  /** Its variables are the run's inputs, which the engine puts into the pool itself. */
  start: { needs: 'nothing', start: () => finished(EMPTY, EMPTY) },
  end: { needs: 'nothing', start: startEnd, reads: ({ outputs }) => ({ selectors: selectorsOf(outputs) }) },
  answer: { needs: 'nothing', start: startAnswer, reads: ({ template }) => ({ templates: [template] }) },
  'if-else': {
    needs: 'nothing',
    branches: true,
    start: startIfElse,
    pinnedHandle: pinnedCase,
    reads: ({ cases }) => ({ selectors: cases.flatMap((item) => item.conditions.flatMap(conditionSelectors)) }),
  },
  'template-transform': {
    needs: 'nothing',
    start: startTemplateTransform,
    reads: ({ variables }) => ({ selectors: selectorsOf(variables) }),
  },
  code: {
    needs: 'answer',
    reusable: true,
    retries: true,
    start: startCode,
    conclude: (config, outputs, { limits }) => concludeCode(config, outputs, limits),
    reads: ({ variables }) => ({ selectors: selectorsOf(variables) }),
  },
  llm: {
    needs: 'answer',
    reusable: true,
    retries: true,
    start: startLlm,
    conclude: concludeLlm,
    reads: readsOfLlm,
    model: ({ model }) => model,
  },
  'question-classifier': {
    needs: 'answer',
    reusable: true,
    branches: true,
    start: startClassifier,
    conclude: concludeClassifier,
    pinnedHandle: pinnedClass,
    reads: readsOfClassifier,
    model: ({ model }) => model,
  },
  'parameter-extractor': {
    needs: 'answer',
    reusable: true,
    start: startExtractor,
    conclude: concludeExtractor,
    reads: readsOfExtractor,
    model: ({ model }) => model,
  },
  assigner: { needs: 'nothing', passesSecrets: true, start: startAssigner, reads: readsOfAssigner },
  'list-operator': { needs: 'nothing', start: startListOperator, reads: readsOfListOperator },
  'variable-aggregator': {
    needs: 'nothing',
    start: startAggregator,
    reads: ({ variables, groups }) => ({ selectors: [...variables, ...(groups ?? []).flatMap((group) => group.variables)] }),
  },
  agent: {
    needs: 'deed',
    start: startAgent,
    conclude: (config, outputs, { memo }) => concludeAgent(config, outputs, memo),
    recover: recoverAgent,
    proceed: proceedAgent,
    reads: readsOfAgent,
    model: ({ model }) => model,
  },
  'human-input': {
    needs: 'wait',
    branches: true,
    passesSecrets: true,
    start: startHumanInput,
    conclude: concludeHumanInput,
    pinnedHandle: pinnedAction,
    reads: ({ form, fields }) => ({
      templates: [form],
      selectors: fields.flatMap(({ from }) => ('selector' in from ? [from.selector] : [])),
    }),
  },
  iteration: {
    needs: 'passes',
    start: startIteration,
    // What a pass gives is read by the iteration itself, within the pass.
    reads: ({ items }) => ({ selectors: [items] }),
  },
  loop: {
    needs: 'passes',
    passesSecrets: true,
    start: startLoop,
    reads: ({ variables }) => ({ selectors: variables.flatMap(({ from }) => ('selector' in from ? [from.selector] : [])) }),
  },
  /** Where a pass begins: the engine goes on from it without a step. */
  'pass-start': { needs: 'nothing', start: () => finished(EMPTY, EMPTY) },
  /** Where a loop ends: the engine sees to it. */
  'loop-end': { needs: 'nothing', start: () => finished(EMPTY, EMPTY) },
  'http-request': {
    needs: 'deed',
    retries: true,
    start: startHttpRequest,
    conclude: concludeHttpRequest,
    reads: readsOfHttpRequest,
  },
  'document-extractor': {
    needs: 'answer',
    reusable: true,
    start: startDocumentExtractor,
    reads: ({ variable }) => ({ selectors: [variable] }),
  },
  tool: { needs: 'answer', retries: true, start: startTool, reads: readsOfTool },
  /** It posts, or it is a flow, which may do anything. */
  'acting-tool': { needs: 'deed', retries: true, start: startTool, reads: readsOfTool },
  'knowledge-retrieval': { needs: 'answer', start: startKnowledgeRetrieval, reads: readsOfKnowledgeRetrieval },
  unsupported: { needs: 'nothing', start: ({ reason }) => failed(EMPTY, 'UnsupportedNodeError', reason) },
};

type Traits = Pick<NodeKind<never>, 'needs' | 'reusable' | 'retries' | 'branches' | 'passesSecrets'>;
export const traitsOf = (kind: NodeKindName): Traits => KINDS[kind];
export const isKind = (name: string): name is NodeKindName => Object.hasOwn(KINDS, name);

export const startNode = <K extends NodeKindName>({ kind, config }: NodeBehaviour<K>, context: NodeContext): NodeOutcome =>
  KINDS[kind].start(config, context);

/** What the outputs of a node's effect mean for it. */
export const concludeNode = <K extends NodeKindName>({ kind, config }: NodeBehaviour<K>, outputs: Values, told: Told): Conclusion | More =>
  KINDS[kind].conclude?.(config, outputs, told) ?? { ok: true, outputs, handle: DEFAULT_HANDLE };

/** What a node makes of a later question that failed; null: it fails with it. */
export const recoverNode = <K extends NodeKindName>({ kind, config }: NodeBehaviour<K>, error: NodeError, memo: Json): More | null =>
  KINDS[kind].recover?.(config, error, memo) ?? null;

/** What a node asks for next, after an answer that did not end it. */
export const proceedNode = <K extends NodeKindName>({ kind, config }: NodeBehaviour<K>, context: NodeContext, memo: Json): NodeOutcome =>
  KINDS[kind].proceed?.(config, context, memo) ?? failed(EMPTY, 'InternalError', `nodes of kind ${kind} ask for one thing only`);

/** The handle that pinned outputs stand for. */
export const pinnedHandle = <K extends NodeKindName>({ kind, config }: NodeBehaviour<K>, outputs: Values): string =>
  KINDS[kind].pinnedHandle?.(config, outputs) ?? DEFAULT_HANDLE;

/** What a node reads of the pool. */
export const readsOf = <K extends NodeKindName>({ kind, config }: NodeBehaviour<K>): Required<Reads> => {
  const reads = KINDS[kind].reads?.(config);
  return { selectors: reads?.selectors ?? [], templates: reads?.templates ?? [] };
};

/** The model a node asks, if it asks one. */
export const modelOf = <K extends NodeKindName>({ kind, config }: NodeBehaviour<K>): ModelConfig | null =>
  KINDS[kind].model?.(config) ?? null;
