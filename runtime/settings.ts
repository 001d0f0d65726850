import { resolve } from 'node:path';
import { RiskflowError, type Config, type SinkSettings } from '../schemas/index.ts';
import { valueOf, type Attempt, type Environment } from './configuration/attempt.ts';
import { readConfigurationFile, type ConfigurationFile } from './configuration/configuration-file.ts';
import { createCollector, firstError, type SettingError } from './configuration/problems.ts';
import { withSecretFiles } from './configuration/secret-files.ts';
import { secretVariables } from './configuration/settings-table.ts';
import { outgoingSettings, type OutgoingSettings } from './outgoing/outgoing-settings.ts';
import type { TemporalPlace } from './temporal/address.ts';
import { temporalPlace } from './temporal/place.ts';
import { storagePlace, type StoragePlace } from './storage-place.ts';

/** Everything that decides how a process works, resolved once at its start. */
export type Settings = {
  readonly workspaceId: string;
  /** Absolute path of the data folder. */
  readonly dataFolder: string;
  readonly storage: StoragePlace;
  /** Undefined when no server is set. */
  readonly temporal: TemporalPlace | undefined;
  readonly openai: OpenAiSettings;
  readonly outgoing: OutgoingSettings;
  readonly config: Config;
  /**
   * The environment, for secrets (RISKFLOW_SECRET_*) and the keys that the configuration names. Those that lie in files (NAME_FILE) are
   * read in.
   */
  readonly environment: Environment;
};

type OpenAiSettings = { readonly baseUrl: string | undefined; readonly apiKey: string | undefined };

export const DEFAULT_WORKSPACE = 'default';

/** The settings as far as they can be read, and everything that is wrong with them. */
export type SettingsReading = {
  readonly file: ConfigurationFile;
  readonly dataFolder: string;
  /** With the secrets that lie in files. */
  readonly environment: Environment;
  /** Each undefined where something in it is wrong. */
  readonly storage: { readonly value: StoragePlace } | undefined;
  readonly temporal: { readonly value: TemporalPlace | undefined } | undefined;
  readonly openai: { readonly value: OpenAiSettings } | undefined;
  readonly outgoing: { readonly value: OutgoingSettings } | undefined;
  readonly errors: readonly SettingError[];
};

export type Surroundings = {
  readonly environment: Environment;
  readonly folder: string;
  /** A configuration file in place of the one that RISKFLOW_CONFIG names. */
  readonly file?: string;
};

/** Reads all settings, whatever is wrong with some. */
export function readAllSettings({ environment: given, folder, file: path }: Surroundings): SettingsReading {
  const named = path === undefined ? { named: valueOf(given, 'RISKFLOW_CONFIG') } : { named: path, namedBy: 'FILE' };
  const file = readConfigurationFile({ folder, ...named });
  const { config } = file;
  const { errors, add, attempt, part } = createCollector(file.positionOf);
  add(file.errors);
  const environment = withSecretFiles({ environment: given, variables: [...secretVariables, ...namedVariables(config)], folder, attempt });
  const dataFolder = resolve(folder, valueOf(environment, 'RISKFLOW_DATA') ?? 'data');
  const surroundings = { environment, config, dataFolder, workingFolder: folder, attempt };
  return {
    file,
    dataFolder,
    environment,
    storage: part(() => storagePlace(surroundings)),
    temporal: part(() => temporalPlace(surroundings)),
    openai: part(() => openAiSettings(environment, attempt)),
    outgoing: part(() => outgoingSettings({ environment, config, attempt })),
    errors,
  };
}

/**
 * Reads the variables of the environment and the configuration file: RISKFLOW_CONFIG, else ./riskflow.yml where there is one. All of them are
 * in `settingsTable`. @throws RiskflowError about the first that is wrong
 */
export function readSettings(environment: Environment, workingFolder: string): Settings {
  const reading = readAllSettings({ environment, folder: workingFolder });
  const error = firstError(reading.errors);
  if (error !== undefined) throw error;
  const { storage, temporal, openai, outgoing, dataFolder, file } = reading;
  if (storage === undefined || temporal === undefined || openai === undefined || outgoing === undefined) {
    throw new RiskflowError('internal', 'settings could not be read, and nothing is said to be wrong with them');
  }
  return {
    workspaceId: DEFAULT_WORKSPACE,
    dataFolder,
    storage: storage.value,
    temporal: temporal.value,
    openai: openai.value,
    outgoing: outgoing.value,
    config: file.config,
    environment: reading.environment,
  };
}

/** Variables whose names stand in the configuration. */
export const namedVariables = ({ models, storage, temporal, sinks }: Config): readonly string[] =>
  [
    storage?.mysql.passwordEnv,
    temporal?.apiKeyEnv,
    ...Object.values(models ?? {}).map(({ apiKeyEnv }) => apiKeyEnv),
    ...Object.values(sinks ?? {}).flatMap(variablesOfSink),
  ].filter((name) => name !== undefined);

const variablesOfSink = (sink: SinkSettings): readonly (string | undefined)[] =>
  sink.kind === 'webhook'
    ? [sink.secretEnv, sink.previousSecretEnv]
    : [sink.sasl?.passwordEnv, sink.format.kind === 'avro' ? sink.format.registry.passwordEnv : undefined];

const openAiSettings = (environment: Environment, attempt: Attempt): OpenAiSettings => ({
  baseUrl: attempt('OPENAI_BASE_URL', () => checkedUrl(valueOf(environment, 'OPENAI_BASE_URL'))),
  apiKey: valueOf(environment, 'OPENAI_API_KEY'),
});

function checkedUrl(url: string | undefined): string | undefined {
  const parsed = url === undefined ? null : URL.parse(url);
  if (parsed !== null && (parsed.username !== '' || parsed.password !== '')) {
    throw new RiskflowError('usage', 'OPENAI_BASE_URL holds a user or a password, with which no endpoint can be asked', {
      hint: 'leave them out; the key of the endpoint is in OPENAI_API_KEY',
    });
  }
  if (url === undefined || (parsed !== null && /^https?:/.test(url))) return url;
  throw new RiskflowError('usage', `OPENAI_BASE_URL is "${url}", which is not an http(s) address`, {
    hint: 'set it to something like http://127.0.0.1:8000/v1',
  });
}
