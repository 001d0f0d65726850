import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { importFlow, type ImportedFlow } from '../../flow/index.ts';
import { isObject, parseJson, type Pin, type Value, type Values } from '../../schemas/index.ts';
import type { ScriptedAnswers } from './scripted-endpoint.ts';

/**
 * The conformance flows: each folder beside this file holds `flow.yml`, a Dify DSL file named for what it shows, and `cases.json`:
 *
 * - `inputs`, `query`: what the run is given; numbers stay as they are written (2.0 is a float)
 * - `system`: further variables of `sys`, such as `history` (what was said before) and `files`
 * - `answers`: what the model endpoint answers, by node, for the first, second, … call. A node is told from others by the name of its
 *   model, which is to be its id. `after`: the answer is held until that node has finished. `hangs`: there is none, ever
 * - `people`: what is answered to the nodes that ask people, in this order, each named by its id or its place (`items[2]/ask`); a node
 *   that is not named is left to its timeout
 * - `pins`, and `secrets` by name (the same in every case of the table)
 * - `expect`: `status`; `outputs`, exact; `error`, a part of it; `prompts`, parts of what the model was sent, by node;
 *   `events`: one line for each in the order they came, up to concurrent order (event-lines.ts)
 *
 * A new folder is in the table: nothing has to be registered.
 */
export type ConformanceCase = {
  readonly name: string;
  readonly inputs: Values;
  readonly query?: string;
  readonly system: Values;
  readonly pins: Readonly<Record<string, Pin>>;
  readonly secrets: Readonly<Record<string, string>>;
  readonly answers: ScriptedAnswers;
  readonly people: readonly PersonAnswer[];
  readonly expect: {
    readonly status: string;
    readonly outputs: Value;
    readonly error: string | null;
    readonly prompts: Readonly<Record<string, readonly string[]>>;
    readonly events: readonly string[];
  };
};
export type PersonAnswer = { readonly node: string; readonly action: string; readonly values: Values };
export type ConformanceFlow = {
  readonly name: string;
  readonly path: string;
  readonly imported: ImportedFlow;
  readonly cases: readonly ConformanceCase[];
};

const HERE = import.meta.dirname;

const answerSchema = z.strictObject({
  text: z.string().optional(),
  reasoning: z.string().optional(),
  toolCalls: z.array(z.strictObject({ name: z.string(), arguments: z.string() })).optional(),
  status: z.int().min(400).optional(),
  hangs: z.literal(true).optional(),
  after: z.string().optional(),
});
const caseSchema = z.strictObject({
  name: z.string(),
  inputs: z.record(z.string(), z.unknown()).default({}),
  query: z.string().optional(),
  system: z.record(z.string(), z.unknown()).default({}),
  pins: z
    .record(
      z.string(),
      z.custom<Pin>((value) => typeof value === 'object' && value !== null),
    )
    .default({}),
  secrets: z.record(z.string(), z.string().min(1)).default({}),
  answers: z.record(z.string(), z.array(answerSchema).min(1)).default({}),
  people: z
    .array(z.strictObject({ node: z.string(), action: z.string(), values: z.record(z.string(), z.string()).default({}) }))
    .default([]),
  expect: z.strictObject({
    status: z.enum(['succeeded', 'partial-succeeded', 'failed', 'stopped']),
    outputs: z.record(z.string(), z.unknown()).nullable(),
    error: z.string().nullable().default(null),
    prompts: z.record(z.string(), z.array(z.string()).min(1)).default({}),
    events: z.array(z.string()).min(2),
  }),
});
const casesSchema = z.array(caseSchema).min(1);

/** All flows with their cases. @throws Error that names the file which is not as it should be */
export const readFlowTable = (): readonly ConformanceFlow[] =>
  readdirSync(HERE, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => readFlow(name))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));

function readFlow(name: string): ConformanceFlow {
  const path = join(HERE, name, 'flow.yml');
  const imported = importFlow(readFileSync(path, 'utf8'));
  if (!imported.ok) throw new Error(`${path}: ${imported.message}`);
  if (imported.flow.definition.name !== name) throw new Error(`${path}: app.name is to be the name of its folder`);
  return { name, path, imported: imported.flow, cases: readCases(join(HERE, name, 'cases.json')) };
}

function readCases(path: string): readonly ConformanceCase[] {
  const text = readFileSync(path, 'utf8');
  const exact = parseJson(text);
  if (!exact.ok) throw new Error(`${path}:${exact.error.line}: ${exact.error.message}`);
  const parsed = casesSchema.safeParse(JSON.parse(text));
  if (!parsed.success) throw new Error(`${path}: ${z.prettifyError(parsed.error)}`);
  return parsed.data.map(({ query, ...item }, at) => ({
    ...item,
    // Read again as values: JSON.parse makes 2 of 2.0.
    inputs: valuesAt(exact.value, at, 'inputs'),
    system: valuesAt(exact.value, at, 'system'),
    ...(query === undefined ? {} : { query }),
    answers: item.answers as ScriptedAnswers,
    people: item.people.map(({ values, ...answer }) => ({ ...answer, values: new Map(Object.entries(values)) })),
    expect: { ...item.expect, outputs: item.expect.outputs === null ? null : valuesAt(exact.value, at, 'expect', 'outputs') },
  }));
}

function valuesAt(list: Value, at: number, ...path: readonly string[]): Values {
  const item = Array.isArray(list) ? (list as readonly Value[])[at] : undefined;
  const found = path.reduce<Value | undefined>(
    (inner, key) => (inner !== undefined && isObject(inner ?? null) ? (inner as Values).get(key) : undefined),
    item,
  );
  return found !== undefined && isObject(found) ? found : new Map<string, Value>();
}
