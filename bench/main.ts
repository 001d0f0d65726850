import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

// As ./riskflow does: what people wait for is measured.
enableCompileCache(
  process.env['NODE_COMPILE_CACHE'] ?? fileURLToPath(new URL('../node_modules/.cache/riskflow/compiled', import.meta.url)),
);

const USAGE = `Measures Riskflow beside the budgets of the design.

  npm run bench -- flow             the interpreter: nodes/s, runs/s, fan-out; calls of user code
  npm run bench -- storage          the event store on this disk
  npm run bench -- storage --mysql  on the server of RISKFLOW_TEST_MYSQL_URL or RISKFLOW_MYSQL_URL, in a database of its own
  npm run bench -- eval             500 samples × 2 variants, 50 ms a call, concurrency 32, stored
  npm run bench -- eval --samples 10000
  npm run bench -- temporal         1,000 runs of 5 effects, both grains, beside a hand-written workflow (needs servers)
  npm run bench -- intake           Kafka to inbox, and decisions/s of rules alone, embedded and production (needs servers)

Figures are of this machine, now; the ratios beside them are what carries over.
`;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { samples: { type: 'string' }, runs: { type: 'string' }, mysql: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
});
const [what] = positionals;
if (values.help === true || what === undefined) process.stdout.write(USAGE);
else if (what === 'flow') await (await import('./flow.ts')).benchFlow();
else if (what === 'storage' && values.mysql === true) await (await import('./storage-mysql.ts')).benchStorageOnMysql(process.env);
else if (what === 'storage') await (await import('./storage.ts')).benchStorage();
else if (what === 'eval') await (await import('./eval.ts')).benchEval({ samples: Number(values.samples ?? 500) });
else if (what === 'temporal') await (await import('./temporal/bench.ts')).benchTemporal({ runs: Number(values.runs ?? 1000) });
else if (what === 'intake') {
  const records = Number(values.samples ?? 100_000);
  await (await import('./streams/intake.ts')).benchIntake({ records, decisions: Math.min(records, 20_000) });
} else {
  process.stderr.write(`bench: there is no bench "${what}"\n\n${USAGE}`);
  process.exitCode = 2;
}
