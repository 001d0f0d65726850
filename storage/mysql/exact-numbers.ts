import type { PoolOptions } from 'mysql2';

type TypeCast = Extract<PoolOptions['typeCast'], (...rest: never[]) => unknown>;

/**
 * Reads real numbers as they are. Servers write every double with as many digits as it needs, but the driver adds up the digits of short
 * texts by itself, and is off by one in the last place for about one in seventy (17 digits do not fit a double on the way).
 */
export const exactNumbers: TypeCast = (field, next) => {
  if (field.type !== 'DOUBLE' && field.type !== 'FLOAT') return next();
  const text = field.string();
  return text === null ? null : Number(text);
};
