import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_RETRY_POLICY, isRetryableStatus, readRetryAfter, retryDelay } from './retry-policy.ts';

const NOW = Date.parse('2026-11-20T10:00:00Z');
const read = (headers: Record<string, string>): number | undefined => readRetryAfter((name) => headers[name] ?? null, NOW);

describe('readRetryAfter', () => {
  it.each([
    [{ 'retry-after-ms': '250' }, 250],
    [{ 'retry-after-ms': '250', 'retry-after': '9' }, 250],
    [{ 'retry-after': '2' }, 2000],
    [{ 'retry-after': ' 1.5 ' }, 1500],
    [{ 'retry-after': '0' }, 0],
    [{ 'retry-after': 'Fri, 20 Nov 2026 10:00:30 GMT' }, 30_000],
    [{ 'retry-after': 'Fri, 20 Nov 2026 09:00:00 GMT' }, 0],
    [{ 'retry-after': 'soon' }, undefined],
    [{ 'retry-after': '' }, undefined],
    [{ 'retry-after': 'NaN' }, undefined],
    [{ 'retry-after-ms': 'x', 'retry-after': '1' }, 1000],
    [{}, undefined],
  ])('%j is %s ms', (headers, expected) => {
    expect(read(headers as Record<string, string>)).toBe(expected);
  });
});

describe('retryDelay', () => {
  const delays = (retryAfterMs?: number, jitter = 0): readonly (number | undefined)[] =>
    [1, 2, 3, 4, 5, 6, 7].map((attempt) => retryDelay({ ...DEFAULT_RETRY_POLICY, maxAttempts: 7 }, attempt, { retryAfterMs, jitter }));

  it('doubles up to its maximum and ends with the last attempt', () => {
    expect(delays()).toEqual([500, 1000, 2000, 4000, 8000, 8000, undefined]);
    expect(delays(undefined, 1)).toEqual([625, 1250, 2500, 5000, 10_000, 10_000, undefined]);
  });

  it('does as the endpoint asks, unless it asks for too long', () => {
    expect(delays(60_000)).toEqual([60_000, 60_000, 60_000, 60_000, 60_000, 60_000, undefined]);
    expect(delays(60_001)).toEqual(Array.from({ length: 7 }, () => undefined));
  });

  it('is never negative nor longer than it may be', () => {
    const policy = fc.record({
      maxAttempts: fc.nat(20),
      firstDelayMs: fc.nat(10_000),
      maxDelayMs: fc.nat(10_000),
      maxRetryAfterMs: fc.nat(10_000),
    });
    fc.assert(
      fc.property(
        policy,
        fc.integer({ min: 1, max: 50 }),
        fc.option(fc.nat(20_000), { nil: undefined }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (p, attempt, retryAfterMs, jitter) => {
          const delay = retryDelay(p, attempt, { retryAfterMs, jitter }) ?? 0;
          expect(delay).toBeGreaterThanOrEqual(0);
          expect(delay).toBeLessThanOrEqual(Math.max(p.maxDelayMs * 1.25, p.maxRetryAfterMs));
        },
      ),
    );
  });
});

it('isRetryableStatus', () => {
  const statuses = [200, 302, 400, 401, 403, 404, 408, 409, 422, 429, 500, 502, 503, 504, 529];
  expect(statuses.filter(isRetryableStatus)).toEqual([408, 409, 429, 500, 502, 503, 504, 529]);
});
