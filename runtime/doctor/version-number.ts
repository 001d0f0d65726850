/** The numbers that a version begins with; undefined when it does not begin with any. */
export function versionNumbers(version: string): readonly number[] | undefined {
  const [, text] = /^v?(\d+(?:\.\d+)*)/.exec(version.trim()) ?? [];
  return text?.split('.').map(Number);
}

/** Whether a version is as new as another, or newer. */
export function isAtLeast(version: readonly number[], wanted: readonly number[]): boolean {
  for (const [i, number] of wanted.entries()) {
    const have = version[i] ?? 0;
    if (have !== number) return have > number;
  }
  return true;
}
