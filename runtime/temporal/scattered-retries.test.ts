import { ApplicationFailure, asyncLocalStorage, Context, type Info } from '@temporalio/activity';
import { noopMetricMeter } from '@temporalio/common';
import { DefaultLogger } from '@temporalio/worker';
import { describe, expect, it } from 'vitest';
import { scattered } from './scattered-retries.ts';

describe('scattered retries', () => {
  it('leave an odd attempt alone', async () => {
    const { answer, beats } = await attempt({ attempt: 1 }, (n) => Promise.resolve(n + 1));
    expect([answer, beats]).toEqual([3, []]);
  });

  it('leave word of why an odd attempt failed', async () => {
    const { error, beats } = await attempt({ attempt: 3 }, () => Promise.reject(new Error('the disk is full')));
    expect(error).toEqual(new Error('the disk is full'));
    expect(beats).toEqual([{ attempt: 3, failure: 'the disk is full' }]);
  });

  it('follow a failure at once, and go on showing it', async () => {
    const { error, performed } = await attempt({ attempt: 2, heartbeatDetails: { attempt: 1, failure: 'the disk is full' } });
    expect(error).toMatchObject({ message: 'the disk is full', type: 'Scattered', nonRetryable: false, nextRetryDelay: 1 });
    expect(performed).toBe(0);
  });

  it.each([
    ['', undefined],
    [', whatever an attempt before that one told', { attempt: 1, failure: 'the disk is full' }],
  ])('put off what its worker died with, each for a time of its own%s', async (_, heartbeatDetails) => {
    const put = await Promise.all(Array.from({ length: 50 }, () => attempt({ attempt: 4, heartbeatDetails })));
    const delays = put.map(({ error }) => (error instanceof ApplicationFailure ? Number(error.nextRetryDelay) : Number.NaN));
    expect(Math.min(...delays)).toBeGreaterThan(0);
    expect(Math.max(...delays)).toBeLessThanOrEqual(4_000);
    expect(new Set(delays).size).toBeGreaterThan(40);
    expect(put.map(({ performed }) => performed)).toEqual(put.map(() => 0));
    expect(put[0]?.error).toMatchObject({ message: expect.stringContaining('gave no sign of life') as string });
  });
});

/** An attempt to perform something, asked with 2. */
async function attempt(
  info: Pick<Info, 'attempt'> & { readonly heartbeatDetails?: unknown },
  perform = (n: number): Promise<number> => Promise.resolve(n),
) {
  const beats: unknown[] = [];
  let performed = 0;
  const quiet = new DefaultLogger('ERROR');
  const never = new Promise<never>(() => undefined);
  const { signal } = new AbortController();
  const beat = (details: unknown): void => void beats.push(details);
  const context = new Context(info as Info, never, signal, beat, undefined, quiet, noopMetricMeter, {});
  const asked = scattered((n: number) => {
    performed++;
    return perform(n);
  });
  const [ended] = await Promise.allSettled([asyncLocalStorage.run(context, () => asked(2))]);
  return {
    beats,
    performed,
    ...(ended.status === 'fulfilled' ? { answer: ended.value, error: null } : { answer: null, error: ended.reason as unknown }),
  };
}
