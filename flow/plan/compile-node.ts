import { decodeValue, encodeValue } from '../../schemas/core.ts';
import { nodeCommonSchema, type NodeCommon } from '../../schemas/index.ts';
import type { DefinitionNode } from '../import/definition.ts';
import { firstIssue } from '../import/issues.ts';
import { toYamlPlain } from '../import/yaml-values.ts';
import { compileBehaviour } from './compile-behaviour.ts';
import { defaultValues } from './default-values.ts';
import { traitsOf } from '../nodes/kinds.ts';
import type { PlanNode } from './plan.ts';

type CompiledNode = Pick<PlanNode, 'behaviour' | 'branches' | 'onError' | 'defaults' | 'retry'>;
export type CompileNodeResult =
  | { readonly ok: true; readonly node: CompiledNode; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly message: string };

/** Compiles one node of a definition: its behaviour, and what happens when it fails. */
export function compileNode(node: DefinitionNode): CompileNodeResult {
  const plain = toYamlPlain(decodeValue(node.data));
  const common = nodeCommonSchema.safeParse(plain);
  if (!common.success) return { ok: false, message: firstIssue(common.error) };
  const behaviour = compileBehaviour(node.type, plain);
  if (!behaviour.ok) return behaviour;
  const defaults = defaultValues(common.data.default_value);
  if (!defaults.ok) return defaults;
  const onError = errorStrategy(common.data);
  const retry = common.data.retry_config;
  const times = retry?.retry_enabled === true ? (retry.max_retries ?? 0) : 0;
  return {
    ok: true,
    warnings: behaviour.warnings,
    node: {
      behaviour: behaviour.behaviour,
      branches: traitsOf(behaviour.behaviour.kind).branches === true || onError === 'fail-branch',
      onError,
      defaults: onError === 'default-value' ? encodeValue(defaults.values) : {},
      retry: { times, intervalMs: retry?.retry_interval ?? 0 },
    },
  };
}

function errorStrategy(common: NodeCommon): PlanNode['onError'] {
  return common.error_strategy === 'fail-branch' || common.error_strategy === 'default-value' ? common.error_strategy : 'fail-run';
}
