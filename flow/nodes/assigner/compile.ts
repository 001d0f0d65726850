import { encodeValue } from '../../../schemas/core.ts';
import { assignerDataSchema, assignerV1DataSchema } from '../../../schemas/index.ts';
import { firstIssue } from '../../import/issues.ts';
import { valueOfPlain, type YamlPlain } from '../../import/yaml-values.ts';
import type { BehaviourResult } from '../../plan/behaviour-result.ts';
import { ASSIGN_OPERATIONS, type AssignItem, type AssignOperation } from './config.ts';

/** A variable assigner of either version; a file that names none has version 1, unless its data has the form of version 2. */
export function compileAssigner(data: YamlPlain): BehaviourResult {
  return isSecondVersion(data) ? compileItems(data) : compileFirst(data);
}

function isSecondVersion(data: YamlPlain): boolean {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return false;
  const version = 'version' in data ? data.version : null;
  return version === '2' || version === 2n || ('items' in data && !('assigned_variable_selector' in data));
}

function compileItems(data: YamlPlain): BehaviourResult {
  const parsed = assignerDataSchema.safeParse(data);
  if (!parsed.success) return { ok: false, message: firstIssue(parsed.error) };
  const items: AssignItem[] = [];
  for (const [at, { variable_selector: target, operation, input_type, value }] of parsed.data.items.entries()) {
    if (!isOperation(operation))
      return { ok: false, message: `items[${at}].operation: "${operation}" is no operation of a variable assigner` };
    items.push({ target, operation, input: inputOf(input_type, value) });
  }
  return { ok: true, warnings: [], behaviour: { kind: 'assigner', config: { version: 2, items } } };
}

const OPERATIONS: ReadonlySet<string> = new Set(ASSIGN_OPERATIONS);
const isOperation = (name: string): name is AssignOperation => OPERATIONS.has(name);

function inputOf(type: 'variable' | 'constant', value: unknown): AssignItem['input'] {
  if (type === 'constant') return { kind: 'constant', value: encodeValue(valueOfPlain(value ?? null)) };
  if (value === null || value === undefined) return { kind: 'missing' };
  // What is no selector names no variable: the item fails when it is reached.
  return { kind: 'variable', selector: Array.isArray(value) ? value.map(String) : [] };
}

function compileFirst(data: YamlPlain): BehaviourResult {
  const parsed = assignerV1DataSchema.safeParse(data);
  if (!parsed.success) return { ok: false, message: firstIssue(parsed.error) };
  const { assigned_variable_selector: target, write_mode: mode, input_variable_selector } = parsed.data;
  const config = { version: 1, target, mode, source: input_variable_selector ?? [] } as const;
  return { ok: true, warnings: [], behaviour: { kind: 'assigner', config } };
}
