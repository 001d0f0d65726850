import { expect, test } from 'vitest';
import { countTests, slowestFiles, type VitestResults } from './count-tests.ts';

type Row = {
  readonly name: string;
  readonly files: readonly (readonly string[])[];
  readonly broken?: number;
  readonly code: number;
  readonly counts: string;
};

const place = { name: '/checkout/a.test.ts', startTime: 0, endTime: 0 };

/** Results of files with tests of these states; `broken` more files failed before any test of theirs ran. */
function resultsOf({ files, broken = 0 }: Row): VitestResults {
  const states = files.flat();
  return {
    numPassedTests: states.filter((state) => state === 'passed').length,
    numFailedTests: states.filter((state) => state === 'failed').length,
    testResults: [
      ...files.map((file) => ({
        ...place,
        status: file.includes('failed') ? 'failed' : 'passed',
        assertionResults: file.map((status) => ({ status })),
      })),
      ...Array.from({ length: broken }, () => ({ ...place, status: 'failed', assertionResults: [] })),
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

test('the slowest files are named, the slowest first', () => {
  const file = (name: string, seconds: number, tests: number): VitestResults['testResults'][number] => ({
    name: `/checkout/${name}`,
    status: 'passed',
    startTime: 5_000,
    endTime: 5_000 + seconds * 1_000,
    assertionResults: Array.from({ length: tests }, () => ({ status: 'passed' })),
  });
  const testResults = [file('a.test.ts', 1, 2), file('flow/b.test.ts', 120.25, 3), file('c.test.ts', 0.5, 4)];
  expect(slowestFiles({ numPassedTests: 9, numFailedTests: 0, testResults }, '/checkout', 2)).toEqual([
    '  120.3 s    3  flow/b.test.ts',
    '    1.0 s    2  a.test.ts',
  ]);
});
