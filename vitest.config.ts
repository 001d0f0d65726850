import { defineConfig } from 'vitest/config';

const stackTests = '**/*.stack.test.ts';
const never = ['**/node_modules/**', 'dist/**', 'data/**', 'coverage/**'];

/**
 * `RISKFLOW_STACK_TESTS` decides about the tests that need real servers (`*.stack.test.ts`):
 * unset leaves them out, `1` adds them, `only` runs nothing else. `npm run test:stack` sets it.
 */
const stack = process.env['RISKFLOW_STACK_TESTS'] ?? '';

export default defineConfig({
  test: {
    include: [stack === 'only' ? stackTests : '**/*.test.ts'],
    exclude: stack === '' ? [...never, stackTests] : never,
    pool: 'forks',
    maxWorkers: 2,
    // node:sqlite warns in every worker that it is experimental.
    execArgv: ['--disable-warning=ExperimentalWarning'],
    testTimeout: 20_000,
    hookTimeout: 20_000,
    restoreMocks: true,
    unstubEnvs: true,
  },
});
