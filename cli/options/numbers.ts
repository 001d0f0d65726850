import { RiskflowError } from '../../schemas/core.ts';

type Range = { readonly min: number; readonly max: number };

/** A reader for commander: whole numbers within a range, else one sentence naming the option. */
export const wholeNumber =
  (option: string, { min, max }: Range) =>
  (text: string): number => {
    const number = /^[+-]?\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    if (number >= min && number <= max) return number;
    throw new RiskflowError('usage', `${option} must be a whole number from ${min} to ${max}, not "${text}"`);
  };

/** The same for numbers that may have a fraction. */
export const decimalNumber =
  (option: string, { min, max }: Range) =>
  (text: string): number => {
    const number = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
    if (number >= min && number <= max) return number;
    throw new RiskflowError('usage', `${option} must be a number from ${min} to ${max}, not "${text}"`);
  };

/** Every seed gives a different order; the range is what a JavaScript number and SQL's integers hold exactly on every system. */
export const seedNumber = wholeNumber('--seed', { min: 0, max: 2 ** 31 - 1 });
export const CONCURRENCY = { min: 1, max: 10_000 } as const;
