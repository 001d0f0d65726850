import { relative } from 'node:path';

/** What is used of the file that vitest's JSON reporter writes. */
export type VitestResults = {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    /** Milliseconds since 1970. */
    readonly startTime: number;
    readonly endTime: number;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
};

/**
 * Counts tests so that no failure hides: a file that failed without a failed test in it (it could not be loaded, a hook threw)
 * counts as one failure, and so does a run that failed although none of its tests did (an error outside of every test).
 */
export function countTests(results: VitestResults, exitCode: number): { readonly passed: number; readonly failed: number } {
  const brokenFiles = results.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && !assertionResults.some((one) => one.status === 'failed'),
  ).length;
  const failed = results.numFailedTests + brokenFiles;
  return { passed: results.numPassedTests, failed: failed === 0 && exitCode !== 0 ? 1 : failed };
}

/** The files that took longest, slowest first, one to a line: seconds, tests, file. */
export function slowestFiles({ testResults }: VitestResults, folder: string, count: number): readonly string[] {
  return testResults
    .map(({ name, startTime, endTime, assertionResults }) => ({
      name,
      seconds: (endTime - startTime) / 1000,
      tests: assertionResults.length,
    }))
    .toSorted((a, b) => b.seconds - a.seconds)
    .slice(0, count)
    .map(
      ({ name, seconds, tests }) =>
        `${seconds.toFixed(1).padStart(7)} s ${String(tests).padStart(4)}  ${relative(folder, name).replaceAll('\\', '/')}`,
    );
}
