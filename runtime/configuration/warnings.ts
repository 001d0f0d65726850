import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { namedVariables, type SettingsReading } from '../settings.ts';
import { valueOf, type Environment } from './attempt.ts';
import { nearestName } from './nearest-name.ts';
import type { Position, Problem } from './problems.ts';
import { isReadVariable, knownVariables, secretVariables } from './settings-table.ts';

/** Something that works, though hardly as it was meant. */
export type SettingWarning = Problem & { readonly position: Position | undefined };

type Surroundings = {
  readonly reading: SettingsReading;
  /** As it was given, before files of secrets were read. */
  readonly environment: Environment;
  readonly folder: string;
};

/** Settings that have no effect, and variables that nobody reads. */
export function settingWarnings(surroundings: Surroundings): readonly SettingWarning[] {
  const { positionOf } = surroundings.reading.file;
  return [
    ...withoutEffect(surroundings),
    ...missingKeys(surroundings),
    ...secretsTwice(surroundings),
    ...unreadVariables(surroundings),
    ...unreadFile(surroundings),
  ].map((problem) => ({ ...problem, position: positionOf(problem.setting.split('.')) }));
}

/**
 * Whether it is not known what a section of the file says, since something in it is wrong, or the file cannot be read. What seems to be missing
 * then may be there: a warning would only repeat the error.
 */
const isUnknown = ({ file }: SettingsReading, ...sections: readonly string[]): boolean =>
  file.errors.some(({ setting }) => !file.exists || setting === '' || sections.includes(setting.split('.')[0] ?? ''));

const noEffect = (setting: string, why: string, hint: string): Problem => ({ setting, message: `${setting} has no effect: ${why}`, hint });

function withoutEffect({ reading, environment }: Surroundings): readonly Problem[] {
  const { config, positionOf } = reading.file;
  const mysql = config.storage?.mysql;
  const found: Problem[] = [];
  const url = reading.environment['RISKFLOW_MYSQL_URL'];
  const isSet = (variable: string): boolean =>
    valueOf(environment, variable) !== undefined || valueOf(environment, `${variable}_FILE`) !== undefined;
  if (valueOf(environment, 'RISKFLOW_STORAGE') === 'sqlite') {
    const why = 'RISKFLOW_STORAGE=sqlite keeps everything in the data folder';
    const hint = 'unset RISKFLOW_STORAGE to use MySQL';
    if (mysql !== undefined) found.push(noEffect('storage.mysql', why, hint));
    for (const variable of ['RISKFLOW_MYSQL_URL', 'RISKFLOW_MYSQL_PASSWORD'])
      if (isSet(variable)) found.push(noEffect(variable, why, hint));
  } else if (url !== undefined) {
    for (const name of ['url', 'passwordEnv', 'passwordFile']) {
      const path = ['storage', 'mysql', name];
      if (positionOf(path) !== undefined) found.push(noEffect(path.join('.'), 'RISKFLOW_MYSQL_URL comes first', 'leave one of them out'));
    }
    if (isSet('RISKFLOW_MYSQL_PASSWORD') && (URL.parse(url)?.password ?? '') !== '') {
      found.push(noEffect('RISKFLOW_MYSQL_PASSWORD', 'RISKFLOW_MYSQL_URL holds a password', 'leave one of them out'));
    }
  } else if (mysql === undefined && isSet('RISKFLOW_MYSQL_PASSWORD')) {
    if (!isUnknown(reading, 'storage'))
      found.push(noEffect('RISKFLOW_MYSQL_PASSWORD', 'no MySQL server is set', 'set RISKFLOW_MYSQL_URL, or storage.mysql.url in the file'));
  } else if (mysql !== undefined && (mysql.passwordEnv ?? mysql.passwordFile) !== undefined && isSet('RISKFLOW_MYSQL_PASSWORD')) {
    found.push(noEffect('RISKFLOW_MYSQL_PASSWORD', 'the file says where the password is', 'leave one of them out'));
  }
  return [...found, ...temporalWithoutEffect(reading, isSet)];
}

function temporalWithoutEffect(reading: SettingsReading, isSet: (variable: string) => boolean): readonly Problem[] {
  const { file, temporal } = reading;
  const section = file.config.temporal;
  if (temporal !== undefined && temporal.value === undefined) {
    if (isUnknown(reading, 'temporal')) return [];
    const variables = ['NAMESPACE', 'TASK_QUEUE', 'API_KEY', 'KEYS'].map((name) => `RISKFLOW_TEMPORAL_${name}`).filter(isSet);
    return [...(section === undefined ? [] : ['temporal']), ...variables].map((setting) =>
      noEffect(setting, 'no Temporal server is set', 'set RISKFLOW_TEMPORAL_ADDRESS, or temporal.address in the file'),
    );
  }
  const pairs = [
    ['address', 'ADDRESS'],
    ['namespace', 'NAMESPACE'],
    ['taskQueue', 'TASK_QUEUE'],
    ['apiKeyEnv', 'API_KEY'],
    ['apiKeyFile', 'API_KEY'],
  ] as const;
  return pairs.flatMap(([name, variable]) =>
    section?.[name] === undefined || !isSet(`RISKFLOW_TEMPORAL_${variable}`)
      ? []
      : [noEffect(`temporal.${name}`, `RISKFLOW_TEMPORAL_${variable} comes first`, 'leave one of them out')],
  );
}

/** A model without its key is an error only for the flow that asks it. */
function missingKeys({ reading }: Surroundings): readonly Problem[] {
  return Object.entries(reading.file.config.models ?? {}).flatMap(([provider, { apiKeyEnv }]) =>
    apiKeyEnv === undefined || valueOf(reading.environment, apiKeyEnv) !== undefined
      ? []
      : [
          {
            setting: `models.${provider}.apiKeyEnv`,
            message: `the variable ${apiKeyEnv}, which holds the key of the provider ${provider}, is not set`,
            hint: `set ${apiKeyEnv}, or ${apiKeyEnv}_FILE to a file that holds it; leave apiKeyEnv out for an endpoint without keys`,
          },
        ],
  );
}

const secretsTwice = ({ reading, environment }: Surroundings): readonly Problem[] =>
  [...secretVariables, ...namedVariables(reading.file.config)].flatMap((variable) =>
    valueOf(environment, variable) === undefined || valueOf(environment, `${variable}_FILE`) === undefined
      ? []
      : [noEffect(`${variable}_FILE`, `${variable} comes first`, 'leave one of them out')],
  );

function unreadVariables({ reading, environment }: Surroundings): readonly Problem[] {
  const named = new Set(namedVariables(reading.file.config).flatMap((name) => [name, `${name}_FILE`]));
  const unread = Object.keys(environment).filter((name) => name.startsWith('RISKFLOW_') && !isReadVariable(name) && !named.has(name));
  const mayBeNamed = isUnknown(reading, 'models', 'storage', 'temporal', 'sinks');
  return unread.flatMap((name) => {
    const near = nearestName(name, knownVariables);
    if (near === undefined && mayBeNamed) return [];
    return {
      setting: name,
      message: `nothing reads the variable ${name}`,
      hint: near === undefined ? '`riskflow config show` lists those that are read' : `did you mean ${near}?`,
    };
  });
}

function unreadFile({ reading, folder }: Surroundings): readonly Problem[] {
  const other = ['riskflow.yaml', 'riskflow.json'].find((name) => existsSync(join(folder, name)));
  if (other === undefined || reading.file.exists) return [];
  return [{ setting: '', message: `nothing reads the file ${other}`, hint: `call it riskflow.yml, or set RISKFLOW_CONFIG=${other}` }];
}
