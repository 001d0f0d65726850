import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { evolve, importFlow, initialState } from '../../flow/index.ts';
import { drive } from '../../flow/testing/drive.ts';
import { PLAN_VERSION, type RunEvent } from '../../schemas/index.ts';
import { GOLDEN_RUNS, type GoldenRun } from './golden-runs.ts';

/** Writes files that are missing; existing ones are never changed: a change of meaning is a new plan version with a folder of its own. */
const WRITE = process.env['RISKFLOW_WRITE_GOLDEN'] === '1';
const fileOf = (name: string): string => fileURLToPath(new URL(`./v${PLAN_VERSION}/${name}.json`, import.meta.url));

function planOf(run: GoldenRun) {
  const source = 'text' in run.flow ? run.flow.text : readFileSync(new URL(`../../examples/${run.flow.example}`, import.meta.url), 'utf8');
  const imported = importFlow(source);
  if (!imported.ok) throw new Error(imported.message);
  return imported.flow.plan;
}

function runAgain(run: GoldenRun): readonly RunEvent[] {
  return drive(planOf(run), {
    inputs: run.inputs,
    ...(run.pins === undefined ? {} : { pins: run.pins }),
    ...(run.system === undefined ? {} : { system: run.system }),
    ...(run.answer === undefined ? {} : { answer: run.answer }),
    ...(run.lastFirst === true ? { next: (n: number) => n - 1 } : {}),
  }).events;
}

/** Hashes of the flow's text are not part of the interpreter's meaning: examples may be edited where no run sees it. */
const withoutFlowHash = (events: readonly RunEvent[]): unknown => JSON.parse(JSON.stringify(events).replaceAll(/[0-9a-f]{64}/g, '<hash>'));

describe(`golden event streams of plan version ${PLAN_VERSION}`, () => {
  it.each(GOLDEN_RUNS)('$name', (run) => {
    const events = runAgain(run);
    if (WRITE && !existsSync(fileOf(run.name))) writeFileSync(fileOf(run.name), `${JSON.stringify(events, null, 1)}\n`);
    const golden = JSON.parse(readFileSync(fileOf(run.name), 'utf8')) as readonly RunEvent[];
    // The same answers in the same order give the same events, ...
    expect(withoutFlowHash(events)).toEqual(withoutFlowHash(golden));
    // ... and the recorded events fold into a finished run with the recorded result.
    const folded = evolve(planOf(run), initialState(planOf(run)), golden);
    const last = golden.at(-1);
    expect(last?.type).toBe('RunFinished');
    expect(folded.finished).toEqual(last?.data);
    expect(folded.seq).toBe(golden.length);
  });
});
