import type { BehaviourResult } from './behaviour-result.ts';
import { compileAgent } from '../nodes/agent/compile.ts';
import { compileAggregator } from '../nodes/variable-aggregator/compile.ts';
import { compileAnswer } from '../nodes/answer/compile.ts';
import { compileAssigner } from '../nodes/assigner/compile.ts';
import { compileClassifier } from '../nodes/question-classifier/compile.ts';
import { compileCode } from '../nodes/code/compile.ts';
import { compileDocumentExtractor } from '../nodes/document-extractor/compile.ts';
import { compileEnd } from '../nodes/end/compile.ts';
import { compileHttpRequest } from '../nodes/http-request/compile.ts';
import { compileIfElse } from '../nodes/if-else/compile.ts';
import { compileHumanInput } from '../nodes/human-input/compile.ts';
import { compileIteration } from '../nodes/iteration/compile.ts';
import { compileKnowledgeRetrieval } from '../nodes/knowledge-retrieval/compile.ts';
import { compileListOperator } from '../nodes/list-operator/compile.ts';
import { compileLlm } from '../nodes/llm/compile.ts';
import { compileLoop } from '../nodes/loop/compile.ts';
import { compileExtractor } from '../nodes/parameter-extractor/compile.ts';
import { compileStart } from '../nodes/start/compile.ts';
import { compilePlugin, compileSchedule, compileWebhook } from '../nodes/start/compile-trigger.ts';
import { compileTemplateTransform } from '../nodes/template-transform/compile.ts';
import { compileTool } from '../nodes/tool/compile.ts';
import type { YamlPlain } from '../import/yaml-values.ts';

const PIPELINE_TYPES: ReadonlySet<string> = new Set(['datasource', 'knowledge-index']);

/** Reads the data of a node by its type. A type that is not known compiles to one that fails when it is reached. */
export function compileBehaviour(type: string, data: YamlPlain): BehaviourResult {
  switch (type) {
    case 'start':
      return compileStart(data);
    case 'trigger-webhook':
      return compileWebhook(data);
    case 'trigger-schedule':
      return compileSchedule(data);
    case 'trigger-plugin':
      return compilePlugin(data);
    case 'end':
      return compileEnd(data);
    case 'answer':
      return compileAnswer(data);
    case 'if-else':
      return compileIfElse(data);
    case 'template-transform':
      return compileTemplateTransform(data);
    case 'code':
      return compileCode(data);
    case 'llm':
      return compileLlm(data);
    case 'question-classifier':
      return compileClassifier(data);
    case 'parameter-extractor':
      return compileExtractor(data);
    case 'assigner':
      return compileAssigner(data);
    case 'list-operator':
      return compileListOperator(data);
    case 'variable-aggregator':
    case 'variable-assigner': // the aggregator's name in old files
      return compileAggregator(data);
    case 'agent':
      return compileAgent(data);
    case 'human-input':
      return compileHumanInput(data);
    case 'iteration':
      return compileIteration(data);
    case 'loop':
      return compileLoop(data);
    case 'iteration-start':
    case 'loop-start':
      return { ok: true, behaviour: { kind: 'pass-start', config: {} }, warnings: [] };
    case 'loop-end':
      return { ok: true, behaviour: { kind: 'loop-end', config: {} }, warnings: [] };
    case 'http-request':
      return compileHttpRequest(data);
    case 'document-extractor':
      return compileDocumentExtractor(data);
    case 'tool':
      return compileTool(data);
    case 'knowledge-retrieval':
      return compileKnowledgeRetrieval(data);
    default: {
      const reason = PIPELINE_TYPES.has(type)
        ? `nodes of type "${type}" belong to pipelines that fill a knowledge base, which Riskflow does not run`
        : `nodes of type "${type}" cannot run in this version of Riskflow`;
      return { ok: true, behaviour: { kind: 'unsupported', config: { reason } }, warnings: [`${reason}: a run that reaches it fails`] };
    }
  }
}
