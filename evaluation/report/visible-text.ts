/**
 * Texts of samples, predictions and errors come from strangers. These functions make them harmless to look at: nothing that
 * moves a cursor, turns the direction of writing or hides itself is left.
 */

// C0 and C1 controls but tab and newline; DEL; bidirectional controls; zero-width and other invisible format characters;
// line and paragraph separators; tag characters.
const HIDDEN =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;

const named = (character: string): string => `⟨${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}⟩`;

/** The text with each hidden character as its code, "⟨202E⟩", halves of characters as "�", and line ends as "\n". */
export const visibleText = (text: string): string => text.toWellFormed().replaceAll('\r\n', '\n').replace(HIDDEN, named);

/** The same on one line, cut to a length that no terminal line needs. */
export const visibleLine = (text: string): string =>
  visibleText(cutText(text, LONGEST_LINE))
    .replace(/\s*\n\s*/g, ' ⏎ ')
    .replaceAll('\t', ' ')
    .trim();

const LONGEST_LINE = 1000;

/** Without blanks at line ends, and with at most one empty line at a time. For texts that were cut: quadratic in runs of blanks. */
export const tidyLines = (text: string): string =>
  text
    .trim()
    .replace(/[^\S\n]*\n/g, '\n')
    .replace(/\n{3,}/g, '\n\n');

/** At most so many characters (code points), the last an ellipsis when something was cut. */
export function cutText(text: string, most: number): string {
  if (text.length <= most) return text;
  const characters = Array.from(text.slice(0, 2 * most + 2));
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join('')}…`;
}
