import { valueOf } from '../../configuration/attempt.ts';
import type { SettingsReading } from '../../settings.ts';
import { problem, type Subject } from '../finding.ts';
import { neededLevel, releasedLevel } from '../tables.ts';
import { isThisMachine } from '../this-machine.ts';
import { within } from '../within.ts';
import { gatherMysql } from './gather.ts';
import { judgeMysql, judgeRefusal } from './judge.ts';

const DEFAULT_CONNECTIONS = 8;

export const mysql: Subject = {
  name: 'MySQL',
  examine: async ({ reading, timeoutMs }) => {
    const { storage } = reading;
    if (storage?.value.kind !== 'mysql') return [];
    const place = storage.value;
    const { hostname, host } = new URL(place.url);
    const answer = await within(timeoutMs, gatherMysql(place, timeoutMs));
    if (answer === 'late') {
      return [
        problem(
          'reachable',
          `${host} did not answer within ${timeoutMs / 1000} s`,
          'see that it runs; riskflow doctor --timeout 30 waits longer',
        ),
      ];
    }
    if ('error' in answer) return [judgeRefusal(answer.error, { host, passwordSetting: passwordSetting(reading) })];
    return judgeMysql(answer.value, {
      schemaLevel: releasedLevel(),
      neededLevel: neededLevel(),
      connections: place.connections ?? DEFAULT_CONNECTIONS,
      near: isThisMachine(hostname),
    });
  },
};

/** Where the password comes from, or would: the setting that is to be looked at when the server refuses it. */
function passwordSetting({ environment, file }: Pick<SettingsReading, 'environment' | 'file'>): string {
  const url = valueOf(environment, 'RISKFLOW_MYSQL_URL');
  if ((URL.parse(url ?? '')?.password ?? '') !== '') return 'RISKFLOW_MYSQL_URL';
  const { passwordEnv, passwordFile } = (url === undefined ? file.config.storage?.mysql : undefined) ?? {};
  if (passwordFile !== undefined) return `the file ${passwordFile} (storage.mysql.passwordFile)`;
  return passwordEnv === undefined ? 'RISKFLOW_MYSQL_PASSWORD' : `${passwordEnv} (storage.mysql.passwordEnv)`;
}
