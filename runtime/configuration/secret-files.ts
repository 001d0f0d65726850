import { resolve } from 'node:path';
import { RiskflowError } from '../../schemas/core.ts';
import { readNamedFile } from '../tls-files.ts';
import { valueOf, type Attempt, type Environment } from './attempt.ts';

type SecretFiles = {
  readonly environment: Environment;
  readonly variables: readonly string[];
  readonly folder: string;
  readonly attempt: Attempt;
};

/**
 * The environment with the secrets that lie in files, as Docker and Kubernetes hand them out: where NAME is not set and NAME_FILE names a
 * file, NAME is what the file holds.
 */
export function withSecretFiles({ environment, variables, folder, attempt }: SecretFiles): Environment {
  const read = variables.flatMap((variable) => {
    const file = valueOf(environment, `${variable}_FILE`);
    if (file === undefined || valueOf(environment, variable) !== undefined) return [];
    const text = attempt(`${variable}_FILE`, () => readSecretFile(`${variable}_FILE`, resolve(folder, file)));
    return text === undefined ? [] : [[variable, text] as const];
  });
  return read.length === 0 ? environment : { ...environment, ...Object.fromEntries(read) };
}

/** The text of a file without the line break at its end. @throws RiskflowError `usage` that names the setting, `missing_key` for an empty file */
export function readSecretFile(setting: string, file: string): string {
  const text = readNamedFile(setting, file).replace(/\r?\n$/, '');
  if (text !== '') return text;
  throw new RiskflowError('missing_key', `the file ${file} (${setting}) is empty`, { hint: 'write the secret into it' });
}
