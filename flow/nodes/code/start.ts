import { encodeValues, isSecretRef, type SecretRef, type Value } from '../../../schemas/core.ts';
import type { NodeContext, NodeOutcome } from '../../engine/node-outcome.ts';
import type { CodeConfig } from './config.ts';

/** Asks for the code to be run with its variables; one that is missing is None. */
export function startCode(config: CodeConfig, context: NodeContext): NodeOutcome {
  const inputs = new Map<string, Value>();
  for (const { name, selector } of config.variables) inputs.set(name, context.lookup(selector) ?? null);
  const secrets = [...inputs.values()].filter((value): value is SecretRef => isSecretRef(value));
  return {
    kind: 'effect',
    inputs,
    secrets,
    request: { kind: 'code', language: config.language, code: config.code, inputs: encodeValues(inputs) },
  };
}
