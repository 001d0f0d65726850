import { fileURLToPath } from 'node:url';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { createPool } from 'mysql2/promise';
import { createCodeRunner } from '../../sandbox/index.ts';
import { STEP_CODE } from './flow.ts';

export type HandWrittenOptions = { readonly address: string; readonly taskQueue: string; readonly mysqlUrl: string };
type Step = (runId: string, n: number) => Promise<number>;
export type HandWrittenActivities = Readonly<Record<'one' | 'two' | 'three' | 'four' | 'five', Step>>;

/** The peer: a worker with the same five steps, each running the same code and writing one row. Says `ready` and waits to be ended. */
const { address, taskQueue, mysqlUrl } = JSON.parse(process.argv[2] ?? '{}') as HandWrittenOptions;
Runtime.install({ logger: new DefaultLogger('WARN') });
const code = createCodeRunner();
const pool = createPool({ uri: mysqlUrl, connectionLimit: 8 });
const neverAborted = new AbortController().signal;

const step =
  (name: string): Step =>
  async (runId, n) => {
    const ran = await code.run({ language: 'javascript', code: STEP_CODE, inputsJson: JSON.stringify({ n }), signal: neverAborted });
    if (!ran.ok) throw new Error(ran.message);
    const { out } = JSON.parse(ran.json) as { readonly out: number };
    await pool.query('insert into bench_steps (run_id, step, output) values (?, ?, ?)', [runId, name, String(out)]);
    return out;
  };

const activities: HandWrittenActivities = {
  one: step('one'),
  two: step('two'),
  three: step('three'),
  four: step('four'),
  five: step('five'),
};
const connection = await NativeConnection.connect({ address });
const worker = await Worker.create({
  connection,
  taskQueue,
  activities,
  workflowsPath: fileURLToPath(new URL('./hand-written-workflow.ts', import.meta.url)),
});
const stop = (): void => {
  if (worker.getState() === 'RUNNING') worker.shutdown();
};
process.once('SIGTERM', stop);
process.stdout.write('ready\n');
await worker.run();
await connection.close();
await pool.end();
await code.close();
