import { RiskflowError } from '../../schemas/core.ts';
import { option, type VerbOption } from '../declare.ts';
import { CONCURRENCY, seedNumber, wholeNumber } from './numbers.ts';
import { pairs } from './pairs.ts';

/** Options that several verbs have. */
export const pinOption = (): VerbOption =>
  option('--pin <PINS.json>', 'results of nodes that are not to be executed, by node id or type:NODE_TYPE');

export const mapModelOption = (): VerbOption =>
  option('--map-model <FROM=TO>', 'use the model TO wherever a node asks for FROM; may be repeated', {
    read: pairs({ option: '--map-model', form: 'FROM=TO, two models', models: true }),
    repeatable: true,
  });

export const mapOption = (): VerbOption =>
  option('--map <INPUT=FIELD>', 'fill the input INPUT of the flow from the field FIELD; may be repeated (default: the field of its name)', {
    read: pairs({ option: '--map', form: 'INPUT=FIELD' }),
    repeatable: true,
  });

export const concurrencyOption = (description: string, standard?: number): VerbOption =>
  option('--concurrency <N>', description, {
    read: wholeNumber('--concurrency', CONCURRENCY),
    ...(standard === undefined ? {} : { standard }),
  });

export const seedOption = (description: string, standard: number): VerbOption =>
  option('--seed <N>', description, { read: seedNumber, standard });

export const reportOption = (): VerbOption => option('--report <FILE>', 'write the report as one HTML page, which needs no network');

const HOSTS = ['here', 'temporal'] as const;
export type Host = (typeof HOSTS)[number];

/** `--on`: who drives the runs; `hostOf` reads it. */
export const onOption = (description: string, standard?: Host): VerbOption =>
  option('--on <HOST>', description, standard === undefined ? {} : { standard });

/** @throws RiskflowError `usage` for any other word */
export function hostOf(text: string | undefined): Host | undefined {
  const host = HOSTS.find((known) => known === text);
  if (host === undefined && text !== undefined) throw new RiskflowError('usage', `--on is "${text}", and can be here or temporal`);
  return host;
}
