/** Texts are classified by this much of their beginning, UTF-16 units: no report needs more, and hostile ones cost no more. */
export const MAX_TEXT_LENGTH = 20_000;

// Format characters (zero-width spaces and joiners, bidi controls, the byte-order mark, tags), blank fillers, the combining
// grapheme joiner and variation selectors: they hide words from a filter and nothing from a reader.
const INVISIBLE = /[\p{Cf}\u{34f}\u{115f}\u{1160}\u{17b4}\u{17b5}\u{180b}-\u{180f}\u{3164}\u{fe00}-\u{fe0f}\u{e0100}-\u{e01ef}]/gu;

/** A text in compatibility form without invisible characters, in its own case: full-width, circled and styled letters become plain. */
export function plainText(text: string): string {
  return text.slice(0, MAX_TEXT_LENGTH).normalize('NFKC').replace(INVISIBLE, '').slice(0, MAX_TEXT_LENGTH);
}

/** The form in which texts count as equal: plain, in lower case, with single blanks. */
export const textKey = (text: string): string => plainText(text).toLowerCase().replace(/\s+/gu, ' ').trim();
