import { readFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import type { EffectResult, NewBlob, NewEvent, StreamAppend, WriteResult, WriteUnit } from '../../schemas/core.ts';

export type EventFixture = { readonly type: string; readonly schemaVersion: number; readonly stream: string; readonly data: unknown };

/** One event of every type in every released form, with the stream it belongs to. */
export const eventFixtures = (): readonly EventFixture[] =>
  JSON.parse(readFileSync(new URL('../fixtures/events.json', import.meta.url), 'utf8')) as readonly EventFixture[];

/** Those in the form in which they are written now. */
export const currentFixtures = (): readonly EventFixture[] => {
  const all = eventFixtures();
  return all.filter(({ type, schemaVersion }) => !all.some((other) => other.type === type && other.schemaVersion > schemaVersion));
};

const counter = { workspaces: 0 };
/** A workspace that no other test has. */
export const freshWorkspace = (): string => `ws-${++counter.workspaces}`;

export const thing = (data: unknown): NewEvent => ({ type: 'ThingHappened', data });

export const append = (stream: string, data: readonly unknown[], expected: StreamAppend['expected'] = { any: true }): StreamAppend => ({
  log: 'ledger',
  stream,
  events: data.map(thing),
  expected,
});

export const unit = (workspaceId: string, parts: Partial<WriteUnit>): WriteUnit => ({
  workspaceId,
  actor: 'tester',
  appends: [],
  ...parts,
});

export function blobOf(text: string, referrer: string): NewBlob {
  const bytes = new TextEncoder().encode(text);
  return { sha256: createHash('sha256').update(bytes).digest('hex'), bytes, referrer };
}

export const succeeded = (text: string): EffectResult => ({
  status: 'succeeded',
  outputs: { text },
  usage: { inputTokens: 1, outputTokens: 2, cost: 0.1, calls: 1 },
  elapsedMs: 12.5,
  reused: false,
});

/** @throws when nothing was written */
export const positionsOf = (result: WriteResult): readonly number[] => {
  if (result.status !== 'written') throw new Error(`not written: ${JSON.stringify(result)}`);
  return result.positions.map(({ n }) => n);
};

/** A result of the evaluation `e2`. */
export const resultRecorded = (parts: {
  readonly sampleId: string;
  readonly variant?: string;
  readonly repeat?: number;
  readonly cost?: number | null;
  readonly elapsedMs?: number;
}): NewEvent => {
  const { sampleId, variant = 'A', repeat = 0, cost = 0.1 + 0.2, elapsedMs = 1.5 } = parts;
  return {
    type: 'ResultRecorded',
    data: {
      evaluationId: 'e2',
      sampleId,
      variant,
      repeat,
      runId: `${sampleId}/${variant}/${repeat}`,
      label: 'a',
      prediction: 'b',
      correct: false,
      error: null,
      cluster: null,
      usage: { inputTokens: 1, outputTokens: null, cost, calls: 1 },
      reused: 0,
      elapsedMs,
    },
  };
};
