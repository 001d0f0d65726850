import { option, type VerbOption } from '../declare.ts';
import type { Mapping } from '../flow-reference.ts';
import { loadRuntime, type Session } from '../session.ts';

export const mappingOption = (): VerbOption =>
  option('--mapping <MAP.yml>', 'what stands here for the models, knowledge bases and tools that the file names');

/** A mapping file and the settings by which its models are read; undefined when none was given. */
export async function readMapping(session: Session, path: string | undefined): Promise<Mapping | undefined> {
  if (path === undefined) return undefined;
  const { readMappingFile, readSettings } = await loadRuntime();
  const { env, folder } = session.terminal;
  return { file: await readMappingFile(path), settings: readSettings(env, folder) };
}
