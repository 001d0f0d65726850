/** The known name that was probably meant: at most two letters differ, or a third of a long one. */
export function nearestName(name: string, known: Iterable<string>): string | undefined {
  const atMost = Math.max(2, Math.floor(name.length / 6));
  const near = [...known].map((candidate) => ({ candidate, distance: editDistance(name.toLowerCase(), candidate.toLowerCase()) }));
  return near.filter(({ distance }) => distance <= atMost).sort((a, b) => a.distance - b.distance)[0]?.candidate;
}

/** Letters to insert, delete or change (V. Levenshtein 1966), row by row. */
function editDistance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (above[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(change, (above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    above = row;
  }
  return above[b.length] ?? 0;
}
