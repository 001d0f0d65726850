import { readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import {
  isRiskflowError,
  messageOf,
  RiskflowError,
  sourceFile,
  sourceSettings,
  type SourceFile,
  type SourceSettings,
} from '../../../schemas/index.ts';
import type { Plan } from '../../../flow/index.ts';
import type { Context } from '../../context.ts';
import { resolveFlow } from '../evaluations/evaluation-request.ts';
import { fileTrouble } from '../flows.ts';
import { refuseProblems, schemaProblems, settingProblems, SettingsRefused, type SettingProblem } from './source-settings.ts';

/** A source as a file describes it (YAML or JSON), its paths made absolute. @throws RiskflowError `usage` with everything that is wrong */
export async function readSourceFile(path: string): Promise<SourceFile> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new RiskflowError('not_found', `the file ${path} cannot be read: ${fileTrouble(cause)}`, { cause });
  }
  let raw: unknown;
  try {
    raw = parse(text);
  } catch (cause) {
    throw new RiskflowError('usage', `the file ${path} is neither YAML nor JSON: ${messageOf(cause)}`, { cause });
  }
  const read = sourceFile.safeParse(raw);
  if (!read.success) refuseProblems(`the source in ${path} is not right`, schemaProblems(read.error));
  const file = sourceFile.parse(raw);
  const folder = dirname(resolve(path));
  return { ...file, ...withPaths(file, folder), flow: await flowIn(folder, file.flow) };
}

/** A flow file lies where the settings say, seen from their own file; other names are those of published flows. */
async function flowIn(folder: string, flow: string): Promise<string> {
  const place = resolve(folder, flow);
  const isFile = await stat(place).then(
    (found) => found.isFile(),
    () => false,
  );
  return isFile ? place : flow;
}

/** Settings put together elsewhere. @throws RiskflowError `usage` with everything that is wrong */
export function checkedSettings(sourceId: string, raw: unknown): SourceSettings {
  const read = sourceSettings.safeParse(raw);
  if (!read.success) refuseProblems(`source "${sourceId}" cannot be created`, schemaProblems(read.error));
  return withPaths(sourceSettings.parse(raw), process.cwd());
}

/** Settings whose files are the same wherever they are read from. */
function withPaths<S extends SourceSettings>(settings: S, folder: string): S {
  const { connector } = settings;
  if (connector.kind !== 'file' && connector.kind !== 'directory') return settings;
  return { ...settings, connector: { ...connector, path: resolve(folder, connector.path) } };
}

type CheckedSourceFile = {
  readonly name: string | null;
  readonly flow: string | null;
  readonly problems: readonly SettingProblem[];
};

/** Reads a file and checks all that can be checked without its source. @throws RiskflowError when it cannot be read at all */
export async function validateSourceFile(context: Context, path: string): Promise<CheckedSourceFile> {
  let file: SourceFile;
  try {
    file = await readSourceFile(path);
  } catch (error) {
    if (error instanceof SettingsRefused) return { name: null, flow: null, problems: error.problems };
    throw error;
  }
  const { name, flow, ...settings } = file;
  let plan: Plan | undefined;
  const problems: SettingProblem[] = [];
  try {
    ({ plan } = await resolveFlow(context, flow));
  } catch (error) {
    problems.push({
      where: 'flow',
      message: messageOf(error),
      ...(isRiskflowError(error) && error.hint !== undefined ? { hint: error.hint } : {}),
    });
  }
  return { name, flow, problems: [...problems, ...(await settingProblems(name, settings, plan))] };
}
