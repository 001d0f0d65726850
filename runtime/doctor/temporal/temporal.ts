import type { Subject } from '../finding.ts';
import { isThisMachine } from '../this-machine.ts';
import { within } from '../within.ts';
import { judgeRefusal, judgeTemporal } from './judge.ts';
import { connectionTrouble, toldByServer } from '../../temporal/connect.ts';

export const temporal: Subject = {
  name: 'Temporal',
  examine: async ({ reading, timeoutMs }) => {
    const place = reading.temporal?.value;
    if (place === undefined) return [];
    const { address, namespace, taskQueue } = place;
    const trouble = await connectionTrouble(place, timeoutMs);
    if (trouble !== undefined) return [judgeRefusal(trouble, address)];
    // Loaded when it is needed, and before the clock runs: it is larger than all the rest of the program.
    const { gatherTemporal } = await import('./gather.ts');
    const answer = await within(timeoutMs, gatherTemporal(place, timeoutMs));
    if (answer === 'late') return [judgeRefusal(toldByServer(undefined, place), address)];
    if ('error' in answer) return [judgeRefusal(toldByServer(answer.error, place), address)];
    const near = isThisMachine(address.slice(0, address.lastIndexOf(':')));
    return judgeTemporal(answer.value, { namespace, taskQueue, near, encrypted: place.tls !== undefined || place.apiKey !== undefined });
  },
};
