import './require-node-24.cjs';
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

const HELP = `Runs the long tests at their full size: the same code as in CI, with more of everything.

  npm run stack -- up > servers.env && set -a && . ./servers.env && set +a
  npm run soak                    all of them
  npm run soak -- --records 20000

What each size is:
  streams   100,000 records through Kafka, MySQL and Temporal while consumers, the broker and the database die (CI: 4,000)
  trends    40,000 of them at most, counted into panes, out of order, late and repeated, while readers die (CI: 2,000)
`;

/** Test files that know a full size, by what they take it from. */
const LONG = ['tests/stack/streams-faults.stack.test.ts', 'tests/stack/trends.stack.test.ts'] as const;
const FULL_RECORDS = '100000';

const { values } = parseArgs({ options: { records: { type: 'string', default: FULL_RECORDS }, help: { type: 'boolean', short: 'h' } } });
if (values.help === true) process.stdout.write(HELP);
else if (!/^[1-9]\d{2,6}$/.test(values.records)) {
  process.stderr.write(`soak: --records must be a whole number from 100 to 9999999, not "${values.records}"\n\n${HELP}`);
  process.exitCode = 2;
} else {
  const { status } = spawnSync('npm', ['run', '--silent', 'test:stack', '--', ...LONG], {
    stdio: 'inherit',
    env: { ...process.env, RISKFLOW_SOAK_RECORDS: values.records },
  });
  process.exitCode = status ?? 1;
}
