import { setTimeout as delay } from 'node:timers/promises';
import type { Budget } from './budget.ts';
import type { Deciding } from './deciding.ts';
import { actionOf } from './record-decision.ts';
import type { SourceState } from '../source-state.ts';

export const HOLD_MS = 500;

/**
 * Records wait while the kill switch is on or the budget is spent, unless there is a fallback to decide them; and while this process lacks what the
 * flows ask, which is no fault of theirs.
 */
export async function isHeldUp({ watch, budget, lack, onHold }: Deciding): Promise<boolean> {
  const { killed, settings } = (await watch.refresh()).state;
  const hasFallback = actionOf(settings.decide.fallback) !== null;
  const waits = settings.decide.budget?.whenSpent === 'wait';
  const spent = killed === null && (waits || !hasFallback) ? await budget.spent() : null;
  const reason = killed === null ? (spent ?? (await lack())) : hasFallback ? null : `the kill switch is on: ${killed}`;
  onHold(reason);
  return reason !== null;
}

/** Waits with a record that was taken when nothing held it up; false when it is left as it is, for whoever works on the part next. */
export async function untilMayDecide(deciding: Deciding, signal: AbortSignal): Promise<boolean> {
  const { killed, settings } = deciding.watch.view().state;
  if (killed === null && settings.decide.budget === undefined && (await deciding.lack()) === null) return true;
  while (await isHeldUp(deciding)) {
    if (!deciding.follow() || deciding.isEnough?.() === true) return false;
    await delay(HOLD_MS, undefined, { signal });
  }
  return true;
}

/** Why the fallback decides instead of a flow; null when a flow does. Without a fallback records wait, and do not come here. */
export async function whatStandsIn(
  { killed, settings }: SourceState,
  budget: Budget,
): Promise<{ readonly error: string; readonly reason: string } | null> {
  if (actionOf(settings.decide.fallback) === null) return null;
  if (killed !== null) return { error: `the kill switch is on: ${killed}`, reason: 'kill_switch' };
  const spent = settings.decide.budget?.whenSpent === 'fallback' ? await budget.spent() : null;
  return spent === null ? null : { error: spent, reason: 'budget_spent' };
}
