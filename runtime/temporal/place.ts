import { resolve } from 'node:path';
import { RiskflowError, type Config } from '../../schemas/index.ts';
import { orThrow, valueOf, type Attempt, type Environment } from '../configuration/attempt.ts';
import { readSecretFile } from '../configuration/secret-files.ts';
import { readTls } from '../tls-files.ts';
import type { TemporalPlace } from './address.ts';
import { parseTemporalKeys } from './codec-keys.ts';
import { KEYS_VARIABLE } from './codec-trouble.ts';

type Surroundings = {
  /** With the secrets that lie in files. */
  readonly environment: Environment;
  readonly config: Config;
  readonly workingFolder: string;
  readonly attempt?: Attempt;
};

/**
 * Variables of the environment, else `temporal` of the configuration; undefined when there is no Temporal.
 * @throws RiskflowError `usage` or `missing_key`
 */
export function temporalPlace(surroundings: Surroundings): TemporalPlace | undefined {
  const { environment, config, workingFolder, attempt = orThrow } = surroundings;
  const { namespace = 'default', taskQueue = 'riskflow', address: configured, tls: files } = config.temporal ?? {};
  const given = valueOf(environment, ADDRESS);
  const address = given ?? configured;
  if (address === undefined) return undefined;
  attempt(given === undefined ? 'temporal.address' : ADDRESS, () => checkAddress(address));
  const tls = readTls(files, { setting: 'temporal.tls', folder: workingFolder, attempt });
  const keys = attempt(KEYS_VARIABLE, () => parseTemporalKeys(environment[KEYS_VARIABLE])) ?? [];
  const apiKey = apiKeyOf(surroundings);
  return {
    address,
    namespace: valueOf(environment, 'RISKFLOW_TEMPORAL_NAMESPACE') ?? namespace,
    taskQueue: valueOf(environment, 'RISKFLOW_TEMPORAL_TASK_QUEUE') ?? taskQueue,
    ...(tls === undefined ? {} : { tls }),
    ...(apiKey === undefined ? {} : { apiKey }),
    ...(keys.length === 0 ? {} : { keys }),
  };
}

const ADDRESS = 'RISKFLOW_TEMPORAL_ADDRESS';
const API_KEY = 'RISKFLOW_TEMPORAL_API_KEY';

function checkAddress(address: string): void {
  if (/^(\[[\da-f:.]+\]|[\w.-]+):\d{1,5}$/i.test(address)) return;
  throw new RiskflowError('usage', `the address of Temporal is "${address}", which is not of the form host:port`, {
    hint: 'such as 127.0.0.1:7233, in RISKFLOW_TEMPORAL_ADDRESS or under temporal: in the configuration',
  });
}

function apiKeyOf({ environment, config, workingFolder, attempt = orThrow }: Surroundings): string | undefined {
  const { apiKeyEnv, apiKeyFile } = config.temporal ?? {};
  const given = valueOf(environment, API_KEY);
  if (given !== undefined) return given;
  if (apiKeyEnv !== undefined && apiKeyFile !== undefined) {
    return attempt('temporal.apiKeyFile', () => {
      throw new RiskflowError('usage', 'temporal names both apiKeyEnv and apiKeyFile', { hint: 'leave one of them out' });
    });
  }
  if (apiKeyFile !== undefined) {
    const setting = 'temporal.apiKeyFile';
    return attempt(setting, () => readSecretFile(setting, resolve(workingFolder, apiKeyFile)).trim());
  }
  if (apiKeyEnv === undefined) return undefined;
  return attempt('temporal.apiKeyEnv', () => {
    const key = valueOf(environment, apiKeyEnv);
    if (key !== undefined) return key;
    throw new RiskflowError(
      'missing_key',
      `there is no API key for Temporal: the configuration says that ${apiKeyEnv} holds it, which is not set`,
      { hint: `set the environment variable ${apiKeyEnv}, or ${apiKeyEnv}_FILE to a file that holds it` },
    );
  });
}

/** @throws RiskflowError `usage` that says how to name a server */
export function neededTemporal(place: TemporalPlace | undefined): TemporalPlace {
  if (place !== undefined) return place;
  throw new RiskflowError('usage', 'no Temporal server is set', {
    hint: 'set RISKFLOW_TEMPORAL_ADDRESS to its host:port, or temporal.address in the configuration',
  });
}
