import './require-node-24.cjs';
import { writeWorkflowBundle } from '../runtime/index.ts';

const help = `Bundles the workflow code, so that workers need not do it when they start.

  npm run bundle

Writes dist/workflow-bundle.js, and beside it what it was made of. A worker uses it when it fits the sources that it runs itself, else
it bundles them anew and says why.
`;

if (process.argv.slice(2).some((argument) => argument === '--help' || argument === '-h')) {
  console.log(help);
} else {
  const start = performance.now();
  const { path, bytes, sources } = await writeWorkflowBundle();
  const seconds = ((performance.now() - start) / 1_000).toFixed(1);
  console.log(`${path}: ${(bytes / 1e6).toFixed(1)} MB, of workflow sources ${sources.slice(0, 12)}, in ${seconds} s`);
}
