import { oneLine, shorten } from './visible-text.ts';

const SHOWN = 12;
const LONGEST_LABEL = 40;

/** `harmless 293, scam 244`, the most frequent first. */
export function labelCounts(labels: Readonly<Record<string, number>>): string {
  const entries = Object.entries(labels).sort(([, a], [, b]) => b - a);
  const shown = entries.slice(0, SHOWN).map(([label, count]) => `${shorten(oneLine(label), LONGEST_LABEL)} ${count}`);
  return [...shown, ...(entries.length > SHOWN ? [`${entries.length - SHOWN} more labels`] : [])].join(', ');
}
