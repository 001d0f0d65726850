import { newestCompiler } from '../compilers.ts';
import type { FlowIssue } from '../plan/issue.ts';
import type { Plan } from '../plan/plan.ts';
import { defineFlow } from './define-flow.ts';
import { meaningOf, nodeName, versionOf, type FlowDefinition } from './definition.ts';
import { mapDefinition, type FlowMapping } from './flow-mapping.ts';
import { readApp } from './read-app.ts';

export type ImportedFlow = {
  readonly definition: FlowDefinition;
  readonly version: string;
  readonly meaningHash: string;
  readonly plan: Plan;
  /** One sentence each: what will not work or differ. */
  readonly warnings: readonly string[];
};

export type ImportResult =
  { readonly ok: true; readonly flow: ImportedFlow } | { readonly ok: false; /** One sentence. */ readonly message: string };

export type ImportOptions = {
  /** Overrides `app.name`. */
  readonly flowName?: string;
  readonly mapping?: (definition: FlowDefinition) => FlowMapping;
};

/** All that is to be said about a file: `flow` is there when nothing of it is an error, `definition` when it could be read at all. */
export type InspectedFlow = {
  readonly definition: FlowDefinition | null;
  readonly flow: ImportedFlow | null;
  readonly issues: readonly FlowIssue[];
};

/**
 * Looks at any text as at a Dify DSL file and tells all that is wrong with it, by node: what cannot be read is an issue, and the rest is
 * looked at all the same. Never refuses on the file's version: most files in the wild are old.
 */
export function inspectFlow(text: string, { flowName, mapping }: ImportOptions = {}): InspectedFlow {
  const read = readApp(text);
  if (!read.ok) return { definition: null, flow: null, issues: read.issues };
  const defined = defineFlow(read.app, flowName);
  const definition = mapping === undefined ? defined.definition : mapDefinition(defined.definition, mapping(defined.definition));
  const version = versionOf(definition);
  const compiled = compile(definition, version);
  const issues = [...defined.issues, ...compiled.issues];
  if (!compiled.ok || issues.some(({ severity }) => severity === 'error')) return { definition, flow: null, issues };
  const warnings = [...defined.issues.map(({ message }) => message), ...compiled.warnings];
  return { definition, issues, flow: { definition, version, meaningHash: meaningOf(definition), plan: compiled.plan, warnings } };
}

function compile(definition: FlowDefinition, version: string): ReturnType<ReturnType<typeof newestCompiler>> {
  try {
    return newestCompiler()(definition, version);
  } catch (cause) {
    // The engine's own stack is the last limit of nesting.
    if (!(cause instanceof RangeError)) throw cause;
    const message = 'its values are nested too deep or are too large';
    return { ok: false, message, issues: [{ severity: 'error', nodeId: null, message }] };
  }
}

/** Imports the text of a Dify DSL file. A failure's message is one sentence without the file's name. */
export function importFlow(text: string, options: ImportOptions = {}): ImportResult {
  const { flow, definition, issues } = inspectFlow(text, options);
  if (flow !== null) return { ok: true, flow };
  const errors = issues.filter(({ severity }) => severity === 'error');
  const [first, ...others] = errors;
  const more = others.length === 0 ? '' : ` (and ${others.length} more: flow validate lists them)`;
  return { ok: false, message: first === undefined ? 'it cannot be compiled' : `${inWords(first, definition)}${more}` };
}

function inWords({ nodeId, message }: FlowIssue, definition: FlowDefinition | null): string {
  const node = definition?.nodes.find(({ id }) => id === nodeId);
  return node === undefined || message.includes(`"${node.id}"`) ? message : `node ${nodeName(node)}: ${message}`;
}
