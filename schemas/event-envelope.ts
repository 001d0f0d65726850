import type { DeliveryEvent } from './delivery-events.ts';
import type { LedgerEvent } from './ledger-events.ts';
import type { RunEvent } from './run-events.ts';
import type { ScheduleEvent } from './schedules.ts';
import type { TrendEvent } from './trend-events.ts';

export type WorkspaceId = string;
/** `ledger` for what is kept; `runs-0`… for node events, which have a retention. */
export type LogName = 'ledger' | `runs-${number}`;

/** A place in a log. Numbers have no holes. */
export type Position = { readonly log: LogName; readonly n: number };

/** An event not yet written (a fact). */
export type NewEvent = { readonly type: string; readonly data: unknown };
export type RiskflowEvent = RunEvent | LedgerEvent | ScheduleEvent | DeliveryEvent | TrendEvent;

/** An event as it is kept. */
export type StoredEvent = {
  readonly workspaceId: WorkspaceId;
  readonly eventId: string;
  readonly stream: string;
  /** Place within the stream, from 1. */
  readonly version: number;
  readonly position: Position;
  readonly type: string;
  /** Version of the form of `data` for this type, after upcasting always the current one. */
  readonly schemaVersion: number;
  /** Null when its payload was erased. */
  readonly data: unknown;
  readonly actor: string;
  readonly correlationId: string | null;
  readonly causationId: string | null;
  /** Milliseconds since 1970 UTC. */
  readonly recordedAt: number;
};
