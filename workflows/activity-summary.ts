/** The server refuses longer ones, and the task with them: 400 bytes as they are stored, encrypted with up to 180 bytes more. */
const MAX_BYTES = 200;
/** Characters of one byte each, none of which JSON writes as two. */
const PLAIN = /^[ !#-[\]-~]*$/;

/** A node's title as the summary of its activity: one line, at most 200 bytes as JSON in UTF-8. */
export function activitySummary(title: string): string {
  const line = title.replace(/\s+/g, ' ');
  if (line.length <= MAX_BYTES / 2 && PLAIN.test(line)) return line;
  const quotes = 2;
  let kept = '';
  let bytes = quotes;
  for (const character of line) {
    bytes += jsonBytes(character);
    if (bytes > MAX_BYTES) return `${kept}…`;
    if (bytes <= MAX_BYTES - jsonBytes('…')) kept += character;
  }
  return line;
}

/** Of one character, as it stands within a JSON text. */
function jsonBytes(character: string): number {
  const escaped = JSON.stringify(character).slice(1, -1);
  return Array.from(escaped, (part) => utf8Bytes(part.codePointAt(0) ?? 0)).reduce((sum, size) => sum + size, 0);
}

const utf8Bytes = (codePoint: number): number => (codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4);
