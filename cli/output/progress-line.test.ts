import { describe, expect, it } from 'vitest';
import { createProgressLine, progressText } from './progress-line.ts';

function stage({
  isTty,
  env = {},
  columns = 80,
}: {
  readonly isTty: boolean;
  readonly env?: Record<string, string>;
  readonly columns?: number;
}) {
  let now = 0;
  const written: string[] = [];
  const err = { isTty, columns: () => columns, write: (text: string) => void written.push(text) };
  const line = createProgressLine({ err, env, clock: () => now });
  return { line, written, wait: (ms: number) => (now += ms) };
}

describe('progressText', () => {
  const cases = [
    {
      state: { label: 'import sms', done: 0, total: 10 },
      view: { elapsedMs: 0, doneAtStart: 0, bar: false },
      text: 'import sms  0 %  0/10',
    },
    {
      state: { label: 'import sms', done: 500, total: 1000 },
      view: { elapsedMs: 4000, doneAtStart: 0, bar: true },
      text: 'import sms  [############............]  50 %  500/1000  125/s  4.0 s left',
    },
    // What an earlier process did is not this one's speed.
    {
      state: { label: 'evaluation e-1', done: 900, total: 1000 },
      view: { elapsedMs: 10_000, doneAtStart: 800, bar: false },
      text: 'evaluation e-1  90 %  900/1000  10/s  10 s left',
    },
    {
      state: { label: 'x', done: 3, total: 3 },
      view: { elapsedMs: 1500, doneAtStart: 0, bar: false },
      text: 'x  100 %  3/3  2.0/s  in 1.5 s',
    },
    { state: { label: 'x', done: 0, total: 0 }, view: { elapsedMs: 0, doneAtStart: 0, bar: false }, text: 'x  100 %  0/0  in 0 ms' },
    {
      state: { label: 'x', done: 999, total: 1000 },
      view: { elapsedMs: 1e6, doneAtStart: 0, bar: false },
      text: 'x  99 %  999/1000  1.0/s  1.0 s left',
    },
  ];
  it.each(cases)('$text', ({ state, view, text }) => expect(progressText(state, { columns: 200, ...view })).toBe(text));
});

describe('on a screen', () => {
  it('redraws one line, ten times a second at most, and leaves the last one', () => {
    const { line, written, wait } = stage({ isTty: true });
    for (let done = 0; done <= 100; done++) {
      line.update({ label: 'train', done, total: 100 });
      wait(10);
    }
    line.end();
    expect(written.length).toBeLessThan(15);
    expect(written.filter((text) => text.startsWith('\r\u001b[2K')).length).toBe(written.length - 1);
    expect(written.at(-2)).toContain('100 %  100/100');
    expect(written.at(-1)).toBe('\n');
  });

  it('prints a sentence above the bar, which is drawn again', () => {
    const { line, written, wait } = stage({ isTty: true });
    line.update({ label: 'train', done: 0, total: 100 });
    wait(200);
    line.update({ label: 'train', done: 1, total: 100 });
    line.say('riskflow: something');
    expect(written.slice(-2)).toEqual(['\r\u001b[2Kriskflow: something\n', expect.stringContaining('1/100')]);
  });

  it('never draws a line wider than the window', () => {
    const { line, written, wait } = stage({ isTty: true, columns: 30 });
    line.update({ label: '数据'.repeat(40), done: 0, total: 10 });
    wait(500);
    line.update({ label: '数据'.repeat(40), done: 5, total: 10 });
    const drawn = (written[0] ?? '').replace('\r\u001b[2K', '');
    expect(drawn).toBe('数据数…  [############......…');
  });

  it.each([
    [60, 'evaluation e-1234  [############............]  50 %  5/10'],
    [50, 'evaluatio…  [############............]  50 %  5/10'],
    [44, 'evaluat…  [############............]  50 % …'],
  ])('within %i columns the label gives way first', (columns, text) => {
    expect(progressText({ label: 'evaluation e-1234', done: 5, total: 10 }, { elapsedMs: 0, doneAtStart: 0, bar: true, columns })).toBe(
      text,
    );
  });

  it('ends the bar of one work before that of the next', () => {
    const { line, written, wait } = stage({ isTty: true });
    for (const label of ['read', 'decide']) {
      line.update({ label, done: 0, total: 2 });
      wait(200);
      line.update({ label, done: 2, total: 2 });
    }
    line.end();
    expect(
      written
        .join('')
        .split('\n')
        .map((text) => /(read|decide)[^\r]*$/.exec(text)?.[1]),
    ).toEqual(['read', 'decide', undefined]);
  });
});

describe('elsewhere', () => {
  it.each([{ isTty: false }, { isTty: true, env: { TERM: 'dumb' } }])('says nothing of short work (%o)', (form) => {
    const { line, written, wait } = stage(form);
    line.update({ label: 'import', done: 0, total: 10 });
    wait(2_900);
    line.update({ label: 'import', done: 10, total: 10 });
    line.end();
    expect(written).toEqual([]);
  });

  it('prints a plain line after three seconds and then every five', () => {
    const { line, written, wait } = stage({ isTty: false });
    for (let second = 0; second <= 14; second++) {
      line.update({ label: 'eval', done: second, total: 20 });
      wait(1_000);
    }
    line.end();
    expect(written).toEqual([
      'eval  15 %  3/20  1.0/s  17 s left\n',
      'eval  40 %  8/20  1.0/s  12 s left\n',
      'eval  65 %  13/20  1.0/s  7.0 s left\n',
    ]);
  });
});
