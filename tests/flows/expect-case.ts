import { expect } from 'vitest';
import type { Plan } from '../../flow/index.ts';
import { isObject, sameValue, toJsonText } from '../../schemas/index.ts';
import { canonicalOrder, comparableEvents } from './compare.ts';
import { eventLine, placeOfLine } from './event-lines.ts';
import type { ConformanceCase } from './flow-table.ts';
import type { Played } from './play-case.ts';

/** All that a case says must have happened, and that nothing secret was kept. */
export function expectCase(plan: Plan, { expect: wanted, secrets }: ConformanceCase, played: Played): void {
  const lines = played.events.map(eventLine);
  const inOrder = (these: readonly string[]): readonly string[] => canonicalOrder(plan, these, placeOfLine);
  expect({ status: played.status, lines: inOrder(lines), error: played.error }).toEqual({
    status: wanted.status,
    lines: inOrder(wanted.events),
    error: wanted.error === null ? null : (expect.stringContaining(wanted.error) as string),
  });
  // As text first: it shows the difference.
  if (!sameValue(played.outputs, wanted.outputs)) expect(toJsonText(played.outputs)).toBe(toJsonText(wanted.outputs));
  expect(sameValue(played.outputs, wanted.outputs)).toBe(true);
  // Everything is in its causal order, not only its lines.
  expect(comparableEvents(plan, played.events)).toHaveLength(lines.length);
  expectPrompts(played.prompts, wanted.prompts);
  const kept = JSON.stringify(played.events) + (isObject(played.outputs) ? toJsonText(played.outputs) : '');
  for (const value of Object.values(secrets)) expect(kept).not.toContain(value);
}

function expectPrompts(sent: Played['prompts'], wanted: Played['prompts']): void {
  for (const [node, parts] of Object.entries(wanted)) {
    expect(sent[node], `prompts of ${node}`).toBeDefined();
    for (const part of parts) expect((sent[node] ?? []).join('\n----\n'), `prompts of ${node}`).toContain(part);
  }
}
