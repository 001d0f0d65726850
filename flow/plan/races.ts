import { selectorsOf } from './references.ts';
import type { Plan } from './plan.ts';

/**
 * Where the order in which effects finish can change a run's result: several end nodes that can run in parallel and give the same
 * output, several answers (their texts are joined in the order they finish), and reading a variable of a parallel branch.
 */
export function flowRaces(plan: Plan): readonly string[] {
  const before = ancestors(plan);
  const exclusive = exclusiveBranches(plan);
  const parallel = (a: number, b: number): boolean =>
    a !== b && before[a]?.has(b) !== true && before[b]?.has(a) !== true && !exclusive(a, b);
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

/** For each node, all nodes that lie before it. */
function ancestors(plan: Plan): readonly ReadonlySet<number>[] {
  const known: (ReadonlySet<number> | undefined)[] = plan.nodes.map(() => undefined);
  const order = topological(plan);
  for (const i of order) {
    const all = new Set<number>();
    for (const edge of plan.nodes[i]?.incoming ?? []) {
      const source = plan.edges[edge]?.source ?? -1;
      all.add(source);
      for (const earlier of known[source] ?? []) all.add(earlier);
    }
    known[i] = all;
  }
  return known.map((set) => set ?? new Set());
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
  const choices = choicesOf(plan);
  return (a, b) => {
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
