/** Doubles that are easily read as their neighbour, or not at all. None is a negative zero: JSON has none, so no event holds one. */
export const AWKWARD_NUMBERS: readonly number[] = [
  // 17 digits; the second and third are one bit apart.
  934.2893510001013,
  0.30000000000000004,
  0.3,
  4.3500000000000005,
  1 / 3,
  72057594037927940,
  9007199254740993e3,
  // The smallest there are, and the last before and the first after they lose digits.
  5e-324,
  -5e-324,
  2.225073858507201e-308,
  2.2250738585072014e-308,
  // The largest.
  1e308,
  Number.MAX_VALUE,
  -Number.MAX_VALUE,
  // Where JavaScript begins to write exponents, and half-way cases of reading.
  1e-6,
  1e-7,
  123456789012345680000,
  1e21,
  1e22,
  1e23,
  0,
];
