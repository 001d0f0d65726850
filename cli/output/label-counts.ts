import { oneLine } from './visible-text.ts';

const SHOWN = 12;

/** `harmless 293, scam 244`, the most frequent first. */
export function labelCounts(labels: Readonly<Record<string, number>>): string {
  const entries = Object.entries(labels).sort(([, a], [, b]) => b - a);
  const shown = entries.slice(0, SHOWN).map(([label, count]) => `${oneLine(label)} ${count}`);
  return [...shown, ...(entries.length > SHOWN ? [`${entries.length - SHOWN} more labels`] : [])].join(', ');
}
