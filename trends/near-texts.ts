/** A text of a record and who reported it. */
export type ReportedText = { readonly text: string; readonly reporter: string | null };

/** Texts that say nearly the same. `text`: the earliest in the form that most of them have. */
export type TextCluster = { readonly text: string; readonly count: number; readonly reporters: number };

/** Texts with this much of their shingles in common are one cluster (Jaccard). */
const ALIKE = 0.5;
/** Characters in a row that are compared: short enough for Chinese, long enough for English. */
const SHINGLE = 4;
/** Only the beginning is compared. */
const LONGEST = 1000;

/**
 * Groups texts in their order: each joins the first cluster whose leader is alike, or leads one of its own. What usually differs between copies
 * (case, digits, addresses, punctuation, width of letters) is not compared. Largest first, at most `limit`.
 */
export function clusterTexts(texts: readonly ReportedText[], limit: number): readonly TextCluster[] {
  const clusters: Cluster[] = [];
  const known = new Map<string, Cluster>();
  for (const { text, reporter } of texts) {
    const form = normalise(text);
    const cluster = known.get(form) ?? findCluster(clusters, form);
    known.set(form, cluster);
    const member = cluster.forms.get(form) ?? { text, count: 0 };
    cluster.forms.set(form, { ...member, count: member.count + 1 });
    if (reporter !== null) cluster.reporters.add(reporter);
  }
  // Sorting keeps the order of equals, which is that of their first texts.
  return clusters
    .map(toTextCluster)
    .sort((a, b) => b.count - a.count)
    .slice(0, limit);
}

type Cluster = {
  readonly shingles: ReadonlySet<string>;
  readonly forms: Map<string, { readonly text: string; readonly count: number }>;
  readonly reporters: Set<string>;
};

function findCluster(clusters: Cluster[], form: string): Cluster {
  const shingles = shinglesOf(form);
  const alike = clusters.find((cluster) => jaccard(cluster.shingles, shingles) >= ALIKE);
  if (alike !== undefined) return alike;
  const made: Cluster = { shingles, forms: new Map(), reporters: new Set() };
  clusters.push(made);
  return made;
}

function toTextCluster({ forms, reporters }: Cluster): TextCluster {
  const members = Array.from(forms.values());
  const [first = { text: '', count: 0 }] = members;
  const usual = members.reduce((best, each) => (each.count > best.count ? each : best), first);
  return { text: usual.text, count: members.reduce((sum, { count }) => sum + count, 0), reporters: reporters.size };
}

const normalise = (text: string): string =>
  text
    .slice(0, LONGEST)
    .normalize('NFKC')
    .toLowerCase()
    .replace(/https?:\/\/\S+/g, ' ')
    .replace(/\p{N}+/gu, '0')
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();

function shinglesOf(form: string): ReadonlySet<string> {
  const characters = Array.from(form);
  if (characters.length <= SHINGLE) return new Set([form]);
  return new Set(Array.from({ length: characters.length - SHINGLE + 1 }, (_, i) => characters.slice(i, i + SHINGLE).join('')));
}

function jaccard(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const [small, large] = a.size <= b.size ? [a, b] : [b, a];
  if (small.size < ALIKE * large.size) return 0;
  let common = 0;
  for (const shingle of small) if (large.has(shingle)) common++;
  return common / (a.size + b.size - common);
}
