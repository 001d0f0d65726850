import { isObject, type ObjectValue, type Value } from '../../schemas/core.ts';
import { dslHeadSchema, type DslHead } from '../../schemas/index.ts';
import type { FlowIssue } from '../plan/issue.ts';
import { convertModelConfig } from './easy-app.ts';
import { allIssues } from './issues.ts';
import { listAt, textAt } from './value-reading.ts';
import { readYaml, toYamlPlain } from './yaml-values.ts';

/** The head of an app file and its workflow, which apps without one are turned into. */
export type AppFile = {
  readonly head: { readonly version: string; readonly app: DslHead['app'] };
  /** `workflow` or `advanced-chat`. */
  readonly mode: string;
  readonly workflow: ObjectValue;
  readonly issues: readonly FlowIssue[];
};
export type AppResult = { readonly ok: true; readonly app: AppFile } | { readonly ok: false; readonly issues: readonly FlowIssue[] };

/** Newest app DSL version whose fields are known here. Newer files are imported with a warning. */
export const KNOWN_DSL_VERSION = '0.6.0';
const OLDEST_DSL_VERSION = '0.1.0';

const error = (message: string): FlowIssue => ({ severity: 'error', nodeId: null, message });
const warning = (message: string): FlowIssue => ({ severity: 'warning', nodeId: null, message });
const refused = (message: string): AppResult => ({ ok: false, issues: [error(message)] });

/** Reads the text of a Dify app file of any of the five modes. */
export function readApp(text: string): AppResult {
  const yaml = readYaml(text);
  if (!yaml.ok) return refused(`it is not valid YAML: ${yaml.message}`);
  const raw = yaml.value;
  if (!isObject(raw)) return refused('it is not a Dify app file: a mapping with "app" and "workflow" was expected');
  if (!raw.has('app')) return refused('it is not a Dify app file: it has no "app" section');
  const parsed = dslHeadSchema.safeParse(toYamlPlain(without(raw, ['workflow', 'model_config'])));
  const head = parsed.success ? parsed.data : { version: null, kind: null, app: { name: '', mode: '', description: '' } };
  const issues = parsed.success ? [] : allIssues(parsed.error).map((problem) => error(`it is not a valid Dify app file: ${problem}`));
  if (head.kind === 'rag_pipeline') return refused('it is a knowledge pipeline (kind: rag_pipeline), which is not an app');
  const version = head.version ?? OLDEST_DSL_VERSION;
  if (isNewer(version, KNOWN_DSL_VERSION)) {
    const known = `${KNOWN_DSL_VERSION}, the newest known here: fields it added are ignored`;
    issues.push(warning(`the file's DSL version ${version} is newer than ${known}`));
  }
  const workflow = workflowOf(raw, head.app.mode);
  if (workflow === null) {
    const asked = `it has no "workflow" section: it has no "model_config" either, which makes an app of mode "${head.app.mode}"`;
    return { ok: false, issues: [...issues, error(asked)] };
  }
  return { ok: true, app: { head: { version, app: head.app }, ...workflow, issues: [...issues, ...workflow.issues] } };
}

type Workflow = Pick<AppFile, 'mode' | 'workflow' | 'issues'>;

function workflowOf(raw: ObjectValue, mode: string): Workflow | null {
  const workflow = raw.get('workflow') ?? null;
  const modelConfig = raw.get('model_config') ?? null;
  if (!isObject(workflow)) {
    if (isObject(modelConfig)) {
      const { notes, ...converted } = convertModelConfig(mode, modelConfig);
      return { ...converted, issues: notes.map(warning) };
    }
    return workflow === null ? null : { mode: 'workflow', workflow: new Map(), issues: [error('workflow: a mapping was expected')] };
  }
  if (mode === '' || mode === 'workflow') return { mode: 'workflow', workflow, issues: [] };
  if (mode === 'advanced-chat') return { mode, workflow, issues: [] };
  const chats = listAt(workflow, 'graph', 'nodes').some((node) => textAt(node, 'data', 'type') === 'answer');
  const taken = chats ? 'advanced-chat' : 'workflow';
  return { mode: taken, workflow, issues: [warning(`the app's mode "${mode}" does not go with a workflow: it is taken as ${taken}`)] };
}

const without = (map: ObjectValue, keys: readonly string[]): Value => new Map([...map].filter(([key]) => !keys.includes(key)));

function isNewer(version: string, known: string): boolean {
  const [a, b] = [version, known].map((text) => text.split('.').map((part) => Number.parseInt(part, 10)));
  for (let i = 0; i < 3; i++) {
    const difference = (a?.[i] ?? 0) - (b?.[i] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return false;
}
