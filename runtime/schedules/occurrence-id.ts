import { sha256Hex } from '../../schemas/index.ts';

/** `20261121T030000Z` of a moment in milliseconds since 1970 UTC. */
const timeName = (time: number): string => new Date(time).toISOString().replace(/[-:]|\.\d{3}/g, '');

/** What names an occurrence, whoever begins it and however often it is tried: the schedule and the time. It is also the id of its run. */
export const occurrenceIdOf = (schedule: string, scheduledFor: number): string => `${schedule}.${timeName(scheduledFor)}`;

/** The id of the evaluation of an occurrence. Ids of evaluations have no dots: those of their runs are divided by them. */
export const evaluationIdOf = (schedule: string, scheduledFor: number): string => `e-${schedule}-${timeName(scheduledFor)}`;

/** When an occurrence is begun: its time and a delay that is always the same for it, so that a restart does not draw again. */
export function beginsAt(schedule: string, scheduledFor: number, jitterMs: number): number {
  if (jitterMs === 0) return scheduledFor;
  const share = Number.parseInt(sha256Hex(occurrenceIdOf(schedule, scheduledFor)).slice(0, 8), 16) / 2 ** 32;
  return scheduledFor + Math.floor(share * jitterMs);
}
