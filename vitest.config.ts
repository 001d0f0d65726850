import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const stackTests = '**/*.stack.test.ts';
const never = ['**/node_modules/**', 'dist/**', 'data/**', 'coverage/**'];

/**
 * `RISKFLOW_STACK_TESTS` decides about the tests that need real servers (`*.stack.test.ts`):
 * unset leaves them out, `1` adds them, `only` runs nothing else. `npm run test:stack` sets it.
 */
const stack = process.env['RISKFLOW_STACK_TESTS'] ?? '';

/** Rooms without Node, timers and state: their tests may share a process, which spares each file its start and its imports. */
const pure = ['schemas', 'flow', 'evaluation', 'trends'].map((room) => `${room}/**/*.test.ts`);

/** Compiled code is kept, as the launcher does, for the tests and for the processes that they start. Coverage would be less exact by it. */
const env = process.argv.includes('--coverage')
  ? {}
  : { NODE_COMPILE_CACHE: fileURLToPath(new URL('node_modules/.cache/riskflow/compiled', import.meta.url)) };

const exclude = stack === '' ? [...never, stackTests] : never;
const include = [stack === 'only' ? stackTests : '**/*.test.ts'];

export default defineConfig({
  test: {
    projects: [
      { extends: true, test: { name: 'pure', include: stack === 'only' ? [] : pure, exclude, isolate: false } },
      { extends: true, test: { name: 'rest', include, exclude: [...exclude, ...pure] } },
    ],
    pool: 'forks',
    // Tests with servers wait most of their time.
    maxWorkers: stack === 'only' ? 3 : 2,
    env,
    // node:sqlite warns in every worker that it is experimental.
    execArgv: ['--disable-warning=ExperimentalWarning'],
    testTimeout: 20_000,
    hookTimeout: 20_000,
    restoreMocks: true,
    unstubEnvs: true,
  },
});
