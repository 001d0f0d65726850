import { problem, type Subject } from '../finding.ts';
import { releasedLevel } from '../tables.ts';
import { isThisMachine } from '../this-machine.ts';
import { within } from '../within.ts';
import { gatherMysql } from './gather.ts';
import { judgeMysql, judgeRefusal } from './judge.ts';

const DEFAULT_CONNECTIONS = 8;

export const mysql: Subject = {
  name: 'MySQL',
  examine: async ({ reading: { storage }, timeoutMs }) => {
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
    if ('error' in answer) return [judgeRefusal(answer.error, host)];
    return judgeMysql(answer.value, {
      schemaLevel: releasedLevel(),
      connections: place.connections ?? DEFAULT_CONNECTIONS,
      near: isThisMachine(hostname),
    });
  },
};
