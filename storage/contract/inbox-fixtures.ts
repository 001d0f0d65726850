import type { DeadLetter, InboxRecord, RecordOrigin, SourceOffset } from '../../schemas/core.ts';

/** A record about which nothing is known but what `more` says. */
export const bareRecord = (
  recordId: string,
  origin: RecordOrigin,
  more: Partial<Omit<InboxRecord, 'recordId' | 'origin'>> = {},
): InboxRecord => ({
  recordId,
  origin,
  key: null,
  subject: null,
  category: null,
  reporter: null,
  eventTime: null,
  body: '{}',
  meta: null,
  lane: 0,
  receivedAt: 1,
  ...more,
});

export const bareLetter = (origin: RecordOrigin, more: Partial<Omit<DeadLetter, 'origin'>> = {}): DeadLetter => ({
  origin,
  bytes: Uint8Array.of(1),
  key: null,
  headers: [],
  timestamp: null,
  stage: 'decode',
  reason: 'mine',
  receivedAt: 1,
  recordId: null,
  ...more,
});

export const bareOffset = (at: Omit<SourceOffset, 'position' | 'skipped'>): SourceOffset => ({ ...at, position: null, skipped: 0 });
