import { expect, test } from 'vitest';
import { isNewEnough, needsGo } from './needs.ts';

const GO = { major: 1, minor: 25 };
const JAVA = { major: 17, minor: 0 };
const go = /^go(\d+)\.(\d+)/;
const java = /version "(\d+)(?:\.(\d+))?/;

test.each([
  ['go1.25', go, GO, true],
  ['go1.26.8\n', go, GO, true],
  ['go2.0', go, GO, true],
  ['go1.24.9', go, GO, false],
  ['go1.9', go, GO, false],
  ['', go, GO, false],
  ['openjdk version "17.0.15" 2025-04-15', java, JAVA, true],
  ['openjdk version "21" 2023-09-19', java, JAVA, true],
  ['java version "1.8.0_452"', java, JAVA, false],
])('%j: %s at least %j: %s', (text, pattern, wanted, expected) => {
  expect(isNewEnough(pattern.exec(text), wanted)).toBe(expected);
});

test('a need names the server, the version and where to get it', () => {
  expect(needsGo('Temporal').sentence).toBe(
    'Temporal is built from source and needs Go 1.25 or newer: install it from https://go.dev/dl/ and put its bin folder on the PATH.',
  );
});
