/*
 * Ends a script that an older Node started, with the sentence that mends it. The first import of each script, and
 * `node --require` in front of a program in TypeScript, which Node 20 cannot even read. So: old syntax only.
 */
'use strict';

const { existsSync } = require('node:fs');
const { join } = require('node:path');

const needed = 24;

if (Number(process.versions.node.split('.')[0]) < needed) {
  const installed = join(__dirname, '..', 'node_modules', 'node');
  const isInstalled = existsSync(installed);
  const hasBinary = ['node', 'node.exe'].some((name) => existsSync(join(installed, 'bin', name)));
  const mend = !isInstalled
    ? 'run `npm ci`, which brings its own, then start this with `npm run …`'
    : !hasBinary
      ? 'npm was told to skip install scripts and so did not fetch it: run `npm ci --ignore-scripts=false`'
      : 'its own is installed: start this with `npm run …` or `./riskflow …`';
  process.stderr.write(`Riskflow needs Node ${needed} and this is Node ${process.versions.node}: ${mend}.\n`);
  process.exit(1); // oxlint-disable-line unicorn/no-process-exit -- nothing after this can run here
}
