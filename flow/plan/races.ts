import { selectorsOf } from './references.ts';
import type { Plan } from './plan.ts';

/**
 * Where the order in which effects finish can change a run's result: several end nodes that can run in parallel and give the same
 * output, several answers (their texts are joined in the order they finish), and reading a variable of a parallel branch.
 */
export function flowRaces(plan: Plan): readonly string[] {
  const before = ancestors(plan);
  const exclusive = exclusiveBranches(plan);
  const parallel = (one: number, other: number): boolean => {
    const [a, b] = sideBySide(plan, one, other);
    return a !== b && !before(a, b) && !before(b, a) && !exclusive(a, b);
  };
  const races: string[] = [];
  const ends = plan.nodes.flatMap((node, i) =>
    node.behaviour.kind === 'end' ? [{ i, node, names: node.behaviour.config.outputs.map((output) => output.name) }] : [],
  );
  for (const [at, a] of ends.entries()) {
    for (const b of ends.slice(at + 1)) {
      const shared = a.names.filter((name) => b.names.includes(name));
      if (shared.length > 0 && parallel(a.i, b.i))
        races.push(
          `the end nodes "${a.node.title}" and "${b.node.title}" both give ${shared.join(', ')}: the one that finishes later decides`,
        );
    }
  }
  const answers = plan.nodes.flatMap((node, i) => (node.behaviour.kind === 'answer' ? [{ i, node }] : []));
  for (const [at, a] of answers.entries()) {
    for (const b of answers.slice(at + 1))
      if (parallel(a.i, b.i))
        races.push(`the answers "${a.node.title}" and "${b.node.title}" are joined in the order in which they finish`);
  }
  const index = new Map(plan.nodes.map((node, i) => [node.id, i]));
  for (const [i, node] of plan.nodes.entries()) {
    const read = new Set(selectorsOf(node).flatMap((selector) => index.get(selector[0] ?? '') ?? []));
    for (const j of read) {
      if (parallel(i, j))
        races.push(`node "${node.title}" reads "${plan.nodes[j]?.title ?? ''}" of a parallel branch, which may not have finished`);
    }
  }
  return races;
}

/** Two nodes, or the iterations and loops around them, where they lie within the same one; the same twice when one lies within the other. */
function sideBySide({ nodes, scopes }: Plan, one: number, other: number): readonly [number, number] {
  const outward = (start: number): ReadonlyMap<number, number> => {
    const byScope = new Map<number, number>();
    for (let at: number | null = start; at !== null;) {
      const scope: number = nodes[at]?.scope ?? 0;
      byScope.set(scope, at);
      at = scopes[scope]?.container ?? null;
    }
    return byScope;
  };
  const others = outward(other);
  for (const [scope, a] of outward(one)) {
    const b = others.get(scope);
    if (b !== undefined) return [a, b];
  }
  return [one, other];
}

/** Whether the first node lies behind the second. A bit for each pair of nodes: long flows have many. */
function ancestors(plan: Plan): (node: number, earlier: number) => boolean {
  const words = Math.ceil(plan.nodes.length / 32);
  const bits = plan.nodes.map(() => new Uint32Array(words));
  for (const i of topological(plan)) {
    const own = bits[i];
    if (own === undefined) continue;
    for (const edge of plan.nodes[i]?.incoming ?? []) {
      const source = plan.edges[edge]?.source ?? 0;
      const theirs = bits[source];
      for (let word = 0; word < words; word++) own[word] = (own[word] ?? 0) | (theirs?.[word] ?? 0);
      own[source >>> 5] = (own[source >>> 5] ?? 0) | (1 << (source & 31));
    }
  }
  return (node, earlier) => (((bits[node]?.[earlier >>> 5] ?? 0) >>> (earlier & 31)) & 1) === 1;
}

function topological(plan: Plan): readonly number[] {
  const open = plan.nodes.map((node) => node.incoming.length);
  const order = open.flatMap((count, i) => (count === 0 ? [i] : []));
  for (const i of order) {
    for (const edge of plan.nodes[i]?.outgoing ?? []) {
      const target = plan.edges[edge]?.target ?? -1;
      open[target] = (open[target] ?? 0) - 1;
      if (open[target] === 0) order.push(target);
    }
  }
  return order;
}

/** Two nodes never run both when every way to them parts at one branching node into different handles. */
function exclusiveBranches(plan: Plan): (a: number, b: number) => boolean {
  // Dear for long flows, and asked for only where two nodes may run side by side.
  let choices: ReturnType<typeof choicesOf> | undefined;
  return (a, b) => {
    choices ??= choicesOf(plan);
    for (const [branch, handles] of choices[a] ?? []) {
      const others = choices[b]?.get(branch);
      if (others !== undefined && [...handles].every((handle) => !others.has(handle))) return true;
    }
    return false;
  };
}

/** For each node and each branching node that every way to it passes: the handles by which it can be reached. */
function choicesOf(plan: Plan): readonly ReadonlyMap<number, ReadonlySet<string>>[] {
  const known: Map<number, Set<string>>[] = plan.nodes.map(() => new Map<number, Set<string>>());
  for (const i of topological(plan)) {
    let merged: Map<number, Set<string>> | undefined;
    for (const edge of plan.nodes[i]?.incoming ?? []) {
      const { source, handle } = plan.edges[edge] ?? { source: -1, handle: '' };
      const way = new Map(Array.from(known[source] ?? [], ([branch, handles]) => [branch, new Set(handles)] as const));
      if (plan.nodes[source]?.branches === true) way.set(source, new Set([handle]));
      merged = merged === undefined ? way : intersect(merged, way);
    }
    known[i] = merged ?? new Map<number, Set<string>>();
  }
  return known;
}

function intersect(a: ReadonlyMap<number, Set<string>>, b: ReadonlyMap<number, Set<string>>): Map<number, Set<string>> {
  const both = new Map<number, Set<string>>();
  for (const [branch, handles] of a) {
    const others = b.get(branch);
    if (others !== undefined) both.set(branch, new Set([...handles, ...others]));
  }
  return both;
}
