/** Records are dealt out to this many lanes; those of one lane are decided in their order. It is stored with each record and never changes. */
export const LANE_COUNT = 16;

/** Parts of a source's lanes that may be worked on by different processes. Part p has the lanes p, p + PART_COUNT, … */
export const PART_COUNT = 4;

/** FNV-1a over UTF-16 units, then mixed so that the low bits depend on all of them. https://www.rfc-editor.org/rfc/rfc9923 */
function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  return hash >>> 0;
}

export const laneOf = (text: string): number => hash32(text) % LANE_COUNT;

export const partOfLane = (lane: number): number => lane % PART_COUNT;
export const lanesOfPart = (part: number): readonly number[] =>
  Array.from({ length: LANE_COUNT }, (_, lane) => lane).filter((lane) => partOfLane(lane) === part);

/** Where a text falls between 0 and 1, always at the same place; `salt` makes independent places. */
export const shareOf = (salt: string, text: string): number => hash32(`${salt}\u0000${text}`) / 2 ** 32;
