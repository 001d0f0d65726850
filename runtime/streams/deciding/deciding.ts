import type { CallLimiter } from '../../../activities/index.ts';
import type { DecisionMade, ModelRouter } from '../../../schemas/index.ts';
import type { Budget } from './budget.ts';
import type { createPace } from './pace.ts';
import type { SourceWatch } from '../source-watch.ts';

/** What all parts of a source share that a process works on. */
export type Deciding = {
  readonly sourceId: string;
  readonly watch: SourceWatch;
  readonly models: ModelRouter;
  readonly calls: CallLimiter;
  readonly budget: Budget;
  readonly pace: ReturnType<typeof createPace>;
  /** Why the flows that decide now cannot be asked by this process; null when they can. */
  readonly lack: () => Promise<string | null>;
  readonly signal: AbortSignal;
  /** Whether to go on when nothing is pending. */
  readonly follow: () => boolean;
  readonly onDone: (done: DoneRecord) => void;
  /** Why nothing is decided for now; null when it goes on. */
  readonly onHold: (reason: string | null) => void;
  /** Whether to begin no other record, and end when those under way are decided. */
  readonly isEnough?: () => boolean;
};

export type DoneRecord =
  | { readonly fate: 'decided' | 'failed'; readonly decision: DecisionMade['data'] }
  | { readonly fate: 'superseded' }
  /** A decision beside the live one. */
  | { readonly fate: 'shadow'; readonly decision: DecisionMade['data'] };
