/** Characters without a width, and those that only turn the direction of writing: they hide words from lists and not from people. */
const INVISIBLE = /[\p{Default_Ignorable_Code_Point}\p{Cf}]/gu;

/**
 * A text as lists compare it: compatibility forms as the usual ones (NFKC: full width, ligatures, styled letters), without case and
 * invisible characters, runs of blanks as one.
 */
export const normalizeText = (text: string): string =>
  text.normalize('NFKC').replace(INVISIBLE, '').toLowerCase().normalize('NFKC').replace(/\s+/g, ' ').trim();
