import { expect, test } from 'vitest';
import { countTests, type VitestResults } from './count-tests.ts';

type Row = {
  readonly name: string;
  readonly files: readonly (readonly string[])[];
  readonly broken?: number;
  readonly code: number;
  readonly counts: string;
};

/** Results of files with tests of these states; `broken` more files failed before any test of theirs ran. */
function resultsOf({ files, broken = 0 }: Row): VitestResults {
  const states = files.flat();
  return {
    numPassedTests: states.filter((state) => state === 'passed').length,
    numFailedTests: states.filter((state) => state === 'failed').length,
    testResults: [
      ...files.map((file) => ({
        status: file.includes('failed') ? 'failed' : 'passed',
        assertionResults: file.map((status) => ({ status })),
      })),
      ...Array.from({ length: broken }, () => ({ status: 'failed', assertionResults: [] })),
    ],
  };
}

test.each<Row>([
  { name: 'all pass', files: [['passed', 'passed'], ['passed']], code: 0, counts: '3 passed, 0 failed' },
  { name: 'one fails', files: [['passed', 'failed'], ['passed']], code: 1, counts: '2 passed, 1 failed' },
  { name: 'a file cannot be loaded', files: [['passed']], broken: 1, code: 1, counts: '1 passed, 1 failed' },
  { name: 'a test fails and a file cannot be loaded', files: [['failed']], broken: 1, code: 1, counts: '0 passed, 2 failed' },
  { name: 'skipped tests are neither', files: [['passed', 'skipped']], code: 0, counts: '1 passed, 0 failed' },
  { name: 'an error outside of every test', files: [['passed']], code: 1, counts: '1 passed, 1 failed' },
  { name: 'nothing ran', files: [], code: 1, counts: '0 passed, 1 failed' },
])('$name', (row) => {
  const { passed, failed } = countTests(resultsOf(row), row.code);
  expect(`${passed} passed, ${failed} failed`).toBe(row.counts);
});
