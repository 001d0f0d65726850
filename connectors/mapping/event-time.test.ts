import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { float, type Value } from '../../schemas/index.ts';
import { eventTimeOf } from './event-time.ts';

const T = Date.UTC(2026, 0, 31, 8, 0, 0);

describe('eventTimeOf', () => {
  const cases: readonly [Value, number | undefined][] = [
    [T / 1000, T],
    [T, T],
    [T * 1000, T],
    [BigInt(T) * 1_000_000n, T],
    [BigInt(T) * 1_000_000n + 999_999n, T],
    [T / 1000 + 0.25, T + 250],
    [float(T / 1000), T],
    [float(T), T],
    [T * 1000 + 999, T],
    [-1, -1000],
    [0, 0],
    ['1769846400', T],
    ['1769846400.5', T + 500],
    [` ${T} `, T],
    [`${T}000000`, T],
    ['2026-01-31', Date.UTC(2026, 0, 31)],
    ['20260131', Date.UTC(2026, 0, 31)],
    ['20260131T080000Z', T],
    ['2026-01-31T08:00Z', T],
    ['2026-01-31T08:00:00Z', T],
    ['2026-01-31t08:00:00z', T],
    ['2026-01-31 08:00:00', T],
    ['2026-01-31 08:00:00 UTC', T],
    ['2026-01-31 16:00:00 +0800', T],
    ['2026-01-31T16:00:00+08', T],
    ['2026-01-31T16:00:00.123456789+08:00', T + 123],
    ['2026-01-31T02:30:00,5-05:30', T + 500],
    ['2024-02-29T00:00:00Z', Date.UTC(2024, 1, 29)],
    ['2016-12-31T23:59:60Z', Date.UTC(2017, 0, 1)],
    ['0099-01-01', new Date('0099-01-01T00:00:00Z').getTime()],
    ['2026-02-29', undefined],
    ['2026-13-01', undefined],
    ['2026-00-01', undefined],
    ['2026-01-31T24:00:00Z', undefined],
    ['2026-01-31T08:60:00Z', undefined],
    ['2026-01-31T08:00:00+99:00', undefined],
    ['31/01/2026', undefined],
    ['2026-01-31T08', undefined],
    ['yesterday', undefined],
    ['', undefined],
    ['1e9', undefined],
    ['NaN', undefined],
    ['9'.repeat(100), undefined],
    [1e20, undefined],
    [10n ** 30n, undefined],
    [float(Number.POSITIVE_INFINITY), undefined],
    [float(Number.NaN), undefined],
    [true, undefined],
    [null, undefined],
    [[T], undefined],
    [new Map([['$date', T]]), undefined],
  ];
  it.each(cases)('%s', (value, expected) => {
    expect(eventTimeOf(value)).toBe(expected);
  });

  const between1974And5138 = fc.integer({ min: 1e11, max: 1e14 - 1 });
  it('finds the same instant in every unit and in ISO 8601', () => {
    fc.assert(
      fc.property(between1974And5138, (ms) => {
        const micros = BigInt(ms) * 1000n;
        expect(eventTimeOf(ms)).toBe(ms);
        expect(eventTimeOf(String(ms))).toBe(ms);
        expect(eventTimeOf(micros > BigInt(Number.MAX_SAFE_INTEGER) ? micros : Number(micros))).toBe(ms);
        expect(eventTimeOf(micros * 1000n)).toBe(ms);
        expect(eventTimeOf(new Date(ms).toISOString())).toBe(ms);
        expect(eventTimeOf(Math.floor(ms / 1000))).toBe(Math.floor(ms / 1000) * 1000);
      }),
    );
  });
  it('gives an integer or nothing, whatever the text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9TZ:+. -]{0,30}$/)), (text) => {
        const time = eventTimeOf(text);
        expect(time === undefined || Number.isSafeInteger(time)).toBe(true);
      }),
    );
  });
});
