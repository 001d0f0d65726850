import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { z } from 'zod';
import { compileMapping } from '../../../connectors/index.ts';
import { startVariables, traitsOf, type Plan } from '../../../flow/index.ts';
import { isRiskflowError, RiskflowError, type RecordSettings, type SourceSettings } from '../../../schemas/index.ts';
import type { Context } from '../../context.ts';
import { resolveFlow } from '../evaluations/evaluation-request.ts';
import { fileTrouble } from '../flows.ts';

/** One thing that is wrong with the settings of a source. */
export type SettingProblem = { readonly where: string; readonly message: string; readonly hint?: string };

const NAME = /^[\p{L}\p{N}][\p{L}\p{N}_.-]{0,99}$/u;
const LONGEST_TOPIC = 190;

/** Everything that is wrong with a name and settings, but for what only the sources themselves know. */
export async function settingProblems(
  sourceId: string,
  settings: SourceSettings,
  plan: Plan | undefined,
): Promise<readonly SettingProblem[]> {
  return [
    ...partProblems(sourceId, settings.record, plan),
    ...(settings.onDuplicateKey === 'process' || settings.record.key !== undefined ? [] : [keyProblem(settings)]),
    ...(await placeProblems(settings)),
  ];
}

/** What is wrong with those parts that can be looked at alone. */
export function partProblems(
  sourceId: string | null,
  record: RecordSettings | undefined,
  plan: Plan | undefined,
): readonly SettingProblem[] {
  const compiled = record === undefined ? undefined : compileMapping(record);
  return [
    ...(sourceId === null || NAME.test(sourceId) ? [] : [nameProblem(sourceId)]),
    ...(compiled === undefined || compiled.ok ? [] : compiled.problems),
    ...(plan === undefined || record === undefined ? [] : inputProblems(plan, record)),
  ];
}

type FoundFlow = Awaited<ReturnType<typeof resolveFlow>>;

/** The flow that a reference means, or why there is none. */
export async function flowProblems(
  context: Context,
  reference: string,
): Promise<{ readonly plan: Plan | undefined; readonly found: FoundFlow | undefined; readonly problems: readonly SettingProblem[] }> {
  try {
    const found = await resolveFlow(context, reference);
    return { plan: found.plan, found, problems: waitProblems(found.plan) };
  } catch (error) {
    if (!isRiskflowError(error)) throw error;
    const { message, hint } = error;
    return { plan: undefined, found: undefined, problems: [{ where: 'flow', message, ...(hint === undefined ? {} : { hint }) }] };
  }
}

/** A source decides at once about each of its records: its flows may wait for nobody. */
export const waitProblems = (plan: Plan): readonly SettingProblem[] =>
  plan.nodes
    .filter(({ behaviour }) => traitsOf(behaviour.kind).needs === 'wait')
    .map(({ id, title }) => ({
      where: 'flow',
      message: `flow "${plan.flow}" waits for a person at node "${title}" (${id}), and a source decides at once`,
      hint: 'let the flow decide that a person is to look, and give those decisions to people from the topic or a webhook',
    }));

const nameProblem = (sourceId: string): SettingProblem => ({
  where: 'name',
  message: `"${sourceId}" cannot be the name of a source: it must begin with a letter or digit and hold letters, digits, "_", "-" and "." only, at most 100`,
});

const keyProblem = ({ onDuplicateKey }: SourceSettings): SettingProblem => ({
  where: 'onDuplicateKey',
  message: `the rule for equal keys is ${onDuplicateKey}, but nothing is named as the key`,
  hint: 'name it with --key FIELD, or record.key',
});

function inputProblems(plan: Plan, record: RecordSettings): readonly SettingProblem[] {
  const names = startVariables(plan).map((variable) => variable.name);
  return Object.keys(record.inputs)
    .filter((input) => !names.includes(input))
    .map((input) => ({
      where: `record.inputs.${input}`,
      message: `flow "${plan.flow}" has no input "${input}"`,
      hint: names.length === 0 ? 'it has no inputs at all' : `its inputs are: ${names.join(', ')}`,
    }));
}

/** Files and folders must be there; what is on a network is asked when the source starts. */
async function placeProblems({ connector }: SourceSettings): Promise<readonly SettingProblem[]> {
  if (connector.kind !== 'file' && connector.kind !== 'directory') return [];
  const { path, kind } = connector;
  const problem = (message: string): readonly SettingProblem[] => [{ where: 'connector.path', message }];
  if (basename(path).length > LONGEST_TOPIC) return problem(`the name of ${path} is longer than ${LONGEST_TOPIC} characters`);
  try {
    const stats = await stat(path);
    if (kind === 'file' && !stats.isFile()) return problem(`the source file ${path} cannot be read: it is not a file`);
    if (kind === 'directory' && !stats.isDirectory()) return problem(`the folder ${path} cannot be read: it is not a folder`);
    return [];
  } catch (cause) {
    return problem(`the source ${kind === 'file' ? 'file' : 'folder'} ${path} cannot be read: ${fileTrouble(cause)}`);
  }
}

/** What zod found, in the same form. */
export const schemaProblems = (error: z.core.$ZodError): readonly SettingProblem[] =>
  error.issues.map(({ path, message }) => ({ where: path.map(String).join('.'), message }));

/** Everything that is wrong with settings, each thing with its place. */
class SettingsRefused extends RiskflowError {
  readonly problems: readonly SettingProblem[];

  constructor(what: string, problems: readonly SettingProblem[]) {
    const hints = [...new Set(problems.flatMap(({ hint }) => (hint === undefined ? [] : [hint])))];
    const lines = problems.map(({ where, message }) => (where === '' ? message : `${where}: ${message}`));
    const count = lines.length === 1 ? '' : ` (${lines.length} things)`;
    super('usage', `${what}${count}: ${lines.join('; ')}`, hints.length === 0 ? {} : { hint: hints.join('; ') });
    this.problems = problems;
  }
}

/** @throws SettingsRefused with all problems */
export function refuseProblems(what: string, problems: readonly SettingProblem[]): void {
  if (problems.length > 0) throw new SettingsRefused(what, problems);
}
