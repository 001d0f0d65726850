import type { Plan } from '../../../flow/index.ts';
import {
  RiskflowError,
  type ArrivedRecord,
  type DecisionMade,
  type EffectExecutor,
  type Fence,
  type Pin,
  type RunStarted,
  type SourceSettings,
  type WriteUnit,
} from '../../../schemas/index.ts';
import type { Context } from '../../context.ts';
import type { DuplicateRule } from './duplicate-keys.ts';
import type { DecisionName } from './record-decision.ts';
import type { RecordReading } from './record-inputs.ts';

/** What the records of a part of a source are decided with. */
export type RecordWork = {
  readonly context: Context;
  readonly sourceId: string;
  readonly settings: SourceSettings;
  readonly reading: RecordReading;
  /** The plan that a run was begun with. */
  readonly planOf: (begun: RunStarted['data']) => Promise<Plan>;
  readonly perform: EffectExecutor;
  /** Runs that go on where an earlier owner left them: their effects may have results. */
  readonly resumed: Set<string>;
  readonly rule: DuplicateRule;
  readonly fence: Fence;
};

export type RecordTask = {
  readonly record: ArrivedRecord;
  readonly name: DecisionName;
  readonly stage: NonNullable<DecisionMade['data']['stage']>;
  /** Decides the record unless an earlier owner has begun its run under another one. */
  readonly plan: Plan;
  /** An earlier owner may have begun its run. */
  readonly mayBeBegun: boolean;
  readonly pins?: Readonly<Record<string, Pin>>;
  /** A decision beside this one is still to be made, and the record is not done before it is: else a crash between the two would lose it. */
  readonly leavesPending?: boolean;
  /** What another decision about the record said. */
  readonly against?: DecisionMade['data']['against'];
  /** The live decision that this one is beside, and with which the record is done. */
  readonly live?: DecisionMade['data'];
};

/** Writes under the fence of the part. @throws RiskflowError `busy` when another process has it */
export async function writeAsOwner(
  work: RecordWork,
  unit: Pick<WriteUnit, 'appends' | 'claims' | 'blobs' | 'runStatus' | 'inboxDone'>,
): Promise<void> {
  const { context, fence, sourceId } = work;
  const { workspaceId, actor } = context;
  const written = await context.storage.events.write({ workspaceId, actor, fence, ...unit });
  if (written.status === 'stale-fence') throw takenOver(work);
  if (written.status !== 'written')
    throw new RiskflowError('internal', `a decision of source "${sourceId}" could not be written: ${written.status}`);
}

export const takenOver = ({ sourceId }: Pick<RecordWork, 'sourceId'>): RiskflowError =>
  new RiskflowError('busy', `source "${sourceId}" was taken over by another process`);
