import { RiskflowError, type Config } from '../../schemas/index.ts';
import { readTls } from '../tls-files.ts';
import type { TemporalPlace } from './address.ts';

type Surroundings = {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly config: Config;
  readonly workingFolder: string;
};

/** RISKFLOW_TEMPORAL_ADDRESS, else `temporal` of the configuration; undefined when there is no Temporal. @throws RiskflowError `usage` */
export function temporalPlace({ environment, config, workingFolder }: Surroundings): TemporalPlace | undefined {
  const given = environment['RISKFLOW_TEMPORAL_ADDRESS']?.trim() ?? '';
  const { namespace = 'default', taskQueue = 'riskflow', address: configured, tls: files } = config.temporal ?? {};
  const address = given === '' ? configured : given;
  if (address === undefined) return undefined;
  if (!/^(\[[\da-f:.]+\]|[\w.-]+):\d{1,5}$/i.test(address)) {
    throw new RiskflowError('usage', `the address of Temporal is "${address}", which is not of the form host:port`, {
      hint: 'such as 127.0.0.1:7233, in RISKFLOW_TEMPORAL_ADDRESS or under temporal: in the configuration',
    });
  }
  const tls = readTls(files, { setting: 'temporal.tls', folder: workingFolder });
  return { address, namespace, taskQueue, ...(tls === undefined ? {} : { tls }) };
}

/** @throws RiskflowError `usage` that says how to name a server */
export function neededTemporal(place: TemporalPlace | undefined): TemporalPlace {
  if (place !== undefined) return place;
  throw new RiskflowError('usage', 'no Temporal server is set', {
    hint: 'set RISKFLOW_TEMPORAL_ADDRESS to its host:port, or temporal.address in the configuration',
  });
}
