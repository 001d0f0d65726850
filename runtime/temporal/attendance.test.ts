import { describe, expect, it } from 'vitest';
import { standstillSentence, type Attendance } from './attendance.ts';

const NOW = 1_800_000_000_000;
const subject = { what: 'run r-1', taskQueue: 'q', now: NOW };
const well: Attendance = { taken: true, lastAsked: NOW - 61_000, failing: null };

describe('standstillSentence', () => {
  it('says nothing of work that a worker has taken while one asks for work', () => {
    expect(standstillSentence(well, subject)).toBeUndefined();
  });

  it.each<readonly [string, Partial<Attendance>, RegExp]>([
    ['no worker ever', { taken: false, lastAsked: null }, /^no worker has taken run r-1 yet: none is at the task queue q: start one/],
    ['no worker any more', { lastAsked: NOW - 90_000 }, /^run r-1 stands still: none has been at the task queue q for 90 s: start one/],
    ['the last one went', { taken: false, lastAsked: NOW - 90_000 }, /^no worker has taken run r-1 yet: none has been .* for 90 s/],
    ['workers of another build', { taken: false }, /^no worker has taken run r-1 yet, though one is at .* q, .* riskflow worker --builds/],
    [
      'a worker that fails',
      { failing: 'it does not know plan 9' },
      /^the worker of run r-1 cannot go on with it.*: it does not know plan 9$/,
    ],
  ])('%s', (_, change, says) => expect(standstillSentence({ ...well, ...change }, subject)).toMatch(says));
});
