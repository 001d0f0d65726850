import type { Plan } from '../../../flow/index.ts';
import { shareOf, type InboxRecord } from '../../../schemas/index.ts';

/** The plans of a source's stages. */
export type StagePlans = {
  readonly live: Plan;
  readonly canary: { readonly plan: Plan; readonly share: number } | null;
  readonly shadow: Plan | null;
};

/** By which of its sides a record stays on the same side of a share, whatever else changes. */
export const shareKeyOf = ({ subject, key, recordId }: Pick<InboxRecord, 'subject' | 'key' | 'recordId'>): string =>
  subject ?? key ?? recordId;

/** Whether the canary decides about a record: always the same subjects of a source, and with a larger share those and more. */
export function chooseLive(
  { live, canary }: StagePlans,
  sourceId: string,
  record: Pick<InboxRecord, 'subject' | 'key' | 'recordId'>,
): { readonly stage: 'live' | 'canary'; readonly plan: Plan } {
  if (canary !== null && shareOf(`canary/${sourceId}`, shareKeyOf(record)) < canary.share) return { stage: 'canary', plan: canary.plan };
  return { stage: 'live', plan: live };
}
