import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { execute, rowsOf } from '../prepared-query.ts';
import { openMysqlDatabase } from './open.ts';

/**
 * A process of its own that takes a row lock in a transaction and says so, with the number of the attempt. The first attempt then waits for a
 * line on standard input before it commits, as if the process stood still.
 */
const { values } = parseArgs({ options: { url: { type: 'string', default: '' }, 'answer-limit': { type: 'string', default: '' } } });
const database = await openMysqlDatabase({ url: values.url, answerLimitSeconds: Number(values['answer-limit']) });
let attempts = 0;
await database.transaction(async (trx) => {
  attempts++;
  await execute(trx, "update stalled set n = n + 1, who = concat(who, ' the stopped one') where id = 1");
  const [own] = await rowsOf<{ readonly id: number }>(trx, 'select connection_id() as id', []);
  process.stdout.write(`${JSON.stringify({ attempt: attempts, session: own?.id })}\n`);
  if (attempts === 1) await once(process.stdin, 'data');
});
await database.close();
process.stdout.write(`${JSON.stringify({ committed: attempts })}\n`);
// Nobody reads from it any more, which would keep the process alive.
process.stdin.destroy();
