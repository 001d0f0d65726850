/**
 * Text from outside in one line that cannot steer the terminal: control characters and line breaks become blanks, and so do the
 * marks that turn the direction of writing around.
 */
export const oneLine = (text: string): string => text.replace(/ *[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]+ */gu, ' ').trim();

/** Columns a text takes: Chinese, Japanese and Korean characters and most emoji take two, combining marks none. */
export function widthOf(text: string): number {
  let width = 0;
  for (const char of text) width += ZERO.test(char) ? 0 : WIDE.test(char) ? 2 : 1;
  return width;
}

const ZERO = /[\p{Mn}\p{Me}\p{Cf}]/u;
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;

/** At most so many columns, with "…" where something was left out. */
export function shorten(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  let kept = '';
  let width = 0;
  for (const char of text) {
    width += widthOf(char);
    if (width > columns - 1) break;
    kept += char;
  }
  return `${kept}…`;
}
