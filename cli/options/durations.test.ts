import { describe, expect, it } from 'vitest';
import { readDuration, readMoment, spanText } from './durations.ts';

describe('readDuration', () => {
  it.each([
    ['90s', 90_000, '1m30s'],
    ['15m', 900_000, '15m'],
    ['1h30m', 5_400_000, '1h30m'],
    ['2d', 172_800_000, '2d'],
    ['0s', 0, '0s'],
  ])('%s', (text, ms, written) => {
    expect(readDuration('--every', text)).toBe(ms);
    expect(spanText(ms)).toBe(written);
  });
  it.each([['15'], [''], ['m'], ['1.5h'], ['-5m'], ['5 m'], ['1h30']])('refuses "%s"', (text) =>
    expect(() => readDuration('--every', text)).toThrow(`--every must be a time span, not "${text}"`),
  );
});

describe('readMoment', () => {
  it.each([
    ['2026-12-31', '2026-12-31T23:59:59.000Z'],
    ['2026-12-31T18:00Z', '2026-12-31T18:00:00.000Z'],
    ['2026-12-31T18:00:30+01:00', '2026-12-31T17:00:30.000Z'],
  ])('%s', (text, time) => expect(new Date(readMoment('--until', text)).toISOString()).toBe(time));
  it.each([['tomorrow'], ['2026-13-01'], ['2026-12-31T18:00'], ['31.12.2026']])('refuses "%s"', (text) =>
    expect(() => readMoment('--until', text)).toThrow(`--until must be a moment, not "${text}"`),
  );
});
