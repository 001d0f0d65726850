import type { BehaviourResult } from './behaviour-result.ts';
import { compileAggregator } from '../nodes/variable-aggregator/compile.ts';
import { compileAnswer } from '../nodes/answer/compile.ts';
import { compileClassifier } from '../nodes/question-classifier/compile.ts';
import { compileCode } from '../nodes/code/compile.ts';
import { compileEnd } from '../nodes/end/compile.ts';
import { compileIfElse } from '../nodes/if-else/compile.ts';
import { compileLlm } from '../nodes/llm/compile.ts';
import { compileStart } from '../nodes/start/compile.ts';
import { compileTemplateTransform } from '../nodes/template-transform/compile.ts';
import type { YamlPlain } from '../import/yaml-values.ts';

/** Reads the data of a node by its type. A type that is not known compiles to one that fails when it is reached. */
export function compileBehaviour(type: string, data: YamlPlain): BehaviourResult {
  switch (type) {
    case 'start':
      return compileStart(data);
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
    case 'variable-aggregator':
    case 'variable-assigner': // the aggregator's name in old files
      return compileAggregator(data);
    default: {
      const reason = `nodes of type "${type}" cannot run in this version of Riskflow`;
      return { ok: true, behaviour: { kind: 'unsupported', config: { reason } }, warnings: [`${reason}: a run that reaches it fails`] };
    }
  }
}
