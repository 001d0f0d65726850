import { describe, expect, it } from 'vitest';
import { isSilence } from './errors.ts';
import { whileAtWork } from './while-at-work.ts';

const LIMIT_MS = 20;

/** An answer that comes when the server was looked at so often; `looks` is what each look finds. */
async function answerAfter(looks: readonly boolean[], answersAt: number): Promise<{ readonly outcome: unknown; readonly looked: number }> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let looked = 0;
  const isAtWork = async (): Promise<boolean> => {
    const found = looks[looked++] ?? false;
    if (looked === answersAt) resolve('the answer');
    return found;
  };
  if (answersAt === 0) resolve('the answer');
  const outcome = await whileAtWork(promise, { limitMs: LIMIT_MS, isAtWork }).catch((error: unknown) => error);
  return { outcome, looked };
}

describe('an answer of a server', () => {
  it.each([
    { name: 'that comes at once is not looked for', looks: [], answersAt: 0, looked: 0 },
    {
      name: 'is waited for while the server is at work, however long',
      looks: [true, true, true, true, true, true],
      answersAt: 6,
      looked: 6,
    },
    { name: 'may be on its way when the server has just ended its work', looks: [true, false], answersAt: 2, looked: 2 },
    { name: 'is waited for again when the server is at work again', looks: [false, true, false, true], answersAt: 4, looked: 4 },
  ])('$name', async ({ looks, answersAt, looked }) => {
    expect(await answerAfter(looks, answersAt)).toEqual({ outcome: 'the answer', looked });
  });

  it.each([
    { name: 'never was at work', looks: [false, false], looked: 2 },
    { name: 'has ended its work, and its answer was lost', looks: [true, true, false, false], looked: 4 },
  ])('counts as a silence when the server $name', async ({ looks, looked }) => {
    const { outcome, looked: seen } = await answerAfter(looks, -1);
    expect([isSilence(outcome), seen]).toEqual([true, looked]);
  });

  it('that is an error is thrown as it is', async () => {
    const failed = whileAtWork(Promise.reject(new Error('no such table')), { limitMs: LIMIT_MS, isAtWork: () => Promise.resolve(true) });
    await expect(failed).rejects.toThrow('no such table');
  });
});
