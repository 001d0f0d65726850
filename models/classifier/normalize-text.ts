/** Texts are classified by this much of their beginning, UTF-16 units: no report needs more, and hostile ones cost no more. */
export const MAX_TEXT_LENGTH = 20_000;

// Zero-width spaces and joiners, bidi controls, soft hyphens, tags, variation selectors, fillers: they hide words from a filter
// and nothing from a reader.
const INVISIBLE = /\p{Default_Ignorable_Code_Point}/gu;

/** A text in compatibility form without invisible characters, in its own case: full-width, circled and styled letters become plain. */
export function plainText(text: string): string {
  return text.slice(0, MAX_TEXT_LENGTH).normalize('NFKC').replace(INVISIBLE, '').slice(0, MAX_TEXT_LENGTH);
}

/** The form in which texts count as equal: plain, in lower case, with single blanks. */
export const textKey = (text: string): string => plainText(text).toLowerCase().replace(/\s+/gu, ' ').trim();
