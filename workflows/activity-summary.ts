/** The server refuses longer ones (`limit.userMetadataSummarySize`, 400 bytes by default), and the task with them. */
const MAX_BYTES = 200;

/** A node's title as the summary of its activity: one line, at most 200 bytes of UTF-8. */
export function activitySummary(title: string): string {
  let text = '';
  let bytes = 0;
  for (const character of title.replace(/\s+/g, ' ')) {
    const size = bytesOf(character.codePointAt(0) ?? 0);
    if (bytes + size > MAX_BYTES - 3) return `${text}…`;
    text += character;
    bytes += size;
  }
  return text;
}

const bytesOf = (codePoint: number): number => (codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4);
