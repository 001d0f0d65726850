import { readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import {
  messageOf,
  recordSettings,
  RiskflowError,
  sourceFile,
  sourceSettings,
  type SourceFile,
  type SourceSettings,
} from '../../../schemas/index.ts';
import type { Context } from '../../context.ts';
import { fileTrouble } from '../flows.ts';
import { alertFlowProblems } from './alert-flow.ts';
import { flowProblems, partProblems, refuseProblems, schemaProblems, settingProblems, type SettingProblem } from './source-settings.ts';

export type ReadOptions = {
  /** The flow that is to decide instead of the one in the file; null: which one does is known elsewhere. */
  readonly flow?: string | null | undefined;
};

/** A source as a file describes it (YAML or JSON), its paths made absolute. @throws RiskflowError `usage` with everything that is wrong */
export async function readSourceFile(context: Context, path: string, options: ReadOptions = {}): Promise<SourceFile> {
  const { file, problems } = await examineFile(context, path, options);
  refuseProblems(`the source in ${path} is not right`, problems);
  if (file === null) throw new RiskflowError('internal', `the source in ${path} has no settings, and nothing is wrong with it`);
  return file;
}

type Examined = CheckedSourceFile & { readonly file: SourceFile | null };

/** Everything that is wrong with a file: what lies in parts that are right is looked at, too, when others are not. */
async function examineFile(context: Context, path: string, options: ReadOptions): Promise<Examined> {
  const raw = await parsedFile(path);
  const folder = dirname(resolve(path));
  const read = sourceFile.safeParse(raw);
  const part = (name: string): unknown =>
    typeof raw === 'object' && raw !== null ? Object.entries(raw).find(([key]) => key === name)?.[1] : undefined;
  const [name, named] = [part('name'), part('flow')].map((given) => (typeof given === 'string' && given !== '' ? given : null));
  const own = named == null ? null : await flowIn(folder, named);
  const asked = options.flow === undefined ? own : options.flow;
  const { plan, problems } = asked === null ? { plan: undefined, problems: [] } : await flowProblems(context, asked);
  if (!read.success) {
    const record = recordSettings.safeParse(part('record') ?? {});
    const others = partProblems(name ?? null, record.success ? record.data : undefined, plan);
    return { file: null, name: name ?? null, flow: own, problems: [...schemaProblems(read.error), ...problems, ...others] };
  }
  const file = { ...read.data, ...withPaths(read.data, folder), flow: own ?? read.data.flow };
  const { name: _name, flow, ...settings } = file;
  const others = [...(await settingProblems(file.name, settings, plan)), ...(await alertFlowProblems(context, settings))];
  return { file, name: file.name, flow, problems: [...problems, ...others] };
}

async function parsedFile(path: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new RiskflowError('not_found', `the file ${path} cannot be read: ${fileTrouble(cause)}`, { cause });
  }
  try {
    return parse(text) as unknown;
  } catch (cause) {
    throw new RiskflowError('usage', `the file ${path} is neither YAML nor JSON: ${messageOf(cause)}`, { cause });
  }
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
  const { name, flow, problems } = await examineFile(context, path, {});
  return { name, flow, problems };
}
