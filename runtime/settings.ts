import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseDocument } from 'yaml';
import type { TemporalPlace } from './temporal/address.ts';
import { temporalPlace } from './temporal/place.ts';
import { storagePlace, type StoragePlace } from './storage-place.ts';
import { configSchema, RiskflowError, type Config } from '../schemas/index.ts';

/** Everything that decides how a process works, resolved once at its start. */
export type Settings = {
  readonly workspaceId: string;
  /** Absolute path of the data folder. */
  readonly dataFolder: string;
  readonly storage: StoragePlace;
  /** Undefined when no server is set. */
  readonly temporal: TemporalPlace | undefined;
  readonly openai: { readonly baseUrl: string | undefined; readonly apiKey: string | undefined };
  readonly config: Config;
  /** The environment, for secrets (RISKFLOW_SECRET_*) and the keys that the configuration names. */
  readonly environment: Readonly<Record<string, string | undefined>>;
};

export const DEFAULT_WORKSPACE = 'default';

/**
 * Reads RISKFLOW_DATA (default ./data), RISKFLOW_MYSQL_URL, OPENAI_BASE_URL, OPENAI_API_KEY and the configuration file: RISKFLOW_CONFIG, else ./riskflow.yml
 * where there is one.
 */
export function readSettings(environment: Readonly<Record<string, string | undefined>>, workingFolder: string): Settings {
  const dataFolder = resolve(workingFolder, nonEmpty(environment['RISKFLOW_DATA']) ?? 'data');
  const config = readConfig(environment, workingFolder);
  return {
    workspaceId: DEFAULT_WORKSPACE,
    dataFolder,
    storage: storagePlace({ environment, config, dataFolder, workingFolder }),
    temporal: temporalPlace({ environment, config, workingFolder }),
    openai: { baseUrl: checkedUrl(nonEmpty(environment['OPENAI_BASE_URL'])), apiKey: nonEmpty(environment['OPENAI_API_KEY']) },
    config,
    environment,
  };
}

const nonEmpty = (text: string | undefined): string | undefined => (text === undefined || text.trim() === '' ? undefined : text.trim());

function checkedUrl(url: string | undefined): string | undefined {
  if (url === undefined || (URL.canParse(url) && /^https?:/.test(url))) return url;
  throw new RiskflowError('usage', `OPENAI_BASE_URL is "${url}", which is not an http(s) address`, {
    hint: 'set it to something like http://127.0.0.1:8000/v1',
  });
}

function readConfig(environment: Readonly<Record<string, string | undefined>>, workingFolder: string): Config {
  const named = nonEmpty(environment['RISKFLOW_CONFIG']);
  const path = resolve(workingFolder, named ?? 'riskflow.yml');
  if (!existsSync(path)) {
    if (named === undefined) return {};
    throw new RiskflowError('not_found', `the configuration file ${path} (RISKFLOW_CONFIG) does not exist`);
  }
  const document = parseDocument(readFileSync(path, 'utf8'), { prettyErrors: true });
  const broken = document.errors[0];
  if (broken !== undefined) throw new RiskflowError('invalid_file', `${path} is not valid YAML: ${broken.message.split('\n')[0] ?? ''}`);
  const parsed = configSchema.safeParse(document.toJS() ?? {});
  if (parsed.success) return parsed.data;
  throw configError(path, parsed.error.issues[0]);
}

type Issue = NonNullable<ReturnType<typeof configSchema.safeParse>['error']>['issues'][number];

function configError(path: string, issue: Issue | undefined): RiskflowError {
  const place = issue === undefined || issue.path.length === 0 ? '' : `${issue.path.join('.')}: `;
  if (issue?.code === 'unrecognized_keys') {
    const names = issue.keys.map((key) => `"${key}"`).join(', ');
    const options = place === '' ? { hint: `the settings are: ${Object.keys(configSchema.shape).join(', ')}` } : {};
    return new RiskflowError('invalid_file', `${path}: ${place}there is no setting ${names}`, options);
  }
  return new RiskflowError('invalid_file', `${path}: ${place}${issue?.message ?? 'it does not have the expected form'}`);
}
