/** What a room (a top-level folder of the program) may import. */
export type Room = {
  /** Other rooms, by their entries (`index.ts`, `core.ts`). */
  readonly rooms: readonly string[];
  /** The only packages of npm that its product code may import (`*` stands for one part of a name); any when left out. */
  readonly packages?: readonly string[];
  /** Whether its product code may import Node's own modules; true when left out. */
  readonly node?: boolean;
};

const adapters = ['connectors', 'storage', 'models', 'knowledge', 'sandbox'] as const;

/**
 * The table "Rooms" of the design. `.dependency-cruiser.cjs` makes rules of it; a new room is a new row.
 *
 * Tests inside a room (`*.test.ts`, `*.contract.ts`) are bound by `rooms`, not by `packages` and `node`.
 */
export const rooms: Readonly<Record<string, Room>> = {
  schemas: { rooms: [], packages: ['zod', '@noble/hashes'], node: false },
  // yaml only in flow/import/: a rule of its own says so.
  flow: { rooms: ['schemas'], packages: ['@noble/hashes', 'yaml'], node: false },
  evaluation: { rooms: ['schemas'], packages: [], node: false },
  trends: { rooms: ['schemas'], packages: [], node: false },
  // Only core.ts of the first three, and activities as types: rules of their own say so.
  workflows: { rooms: ['schemas', 'flow', 'evaluation', 'activities'], packages: ['@temporalio/workflow'], node: false },
  activities: { rooms: ['schemas', 'flow'] },
  connectors: { rooms: ['schemas', 'flow'] },
  storage: { rooms: ['schemas'] },
  models: { rooms: ['schemas'] },
  knowledge: { rooms: ['schemas'] },
  sandbox: { rooms: ['schemas'] },
  runtime: { rooms: ['schemas', 'flow', 'evaluation', 'trends', 'workflows', 'activities', ...adapters] },
  server: { rooms: ['schemas', 'runtime'], packages: ['hono', '@hono/*', 'pino'] },
  // `riskflow start` serves what server/ has.
  cli: { rooms: ['schemas', 'runtime', 'server'], packages: ['commander', 'pino'] },
  console: { rooms: ['schemas', 'runtime'], packages: [], node: false },
};

/** Folders that may import any room by its entry (`tests` and `bench` also its insides) and that nobody imports. */
export const leaves: readonly string[] = ['dashboards', 'examples', 'bench', 'docs', 'tests', 'scripts'];
