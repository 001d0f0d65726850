import type { DecisionMade } from '../../../schemas/index.ts';
import { stopReason } from '../../commands/runs/run-stop.ts';
import { driveRun } from '../../embedded/run-host.ts';
import { collectFindings } from './collect-run.ts';
import { decidedBy, endOf } from './conclude-record.ts';
import { performsEffects } from './plan-effects.ts';
import { decisionOf } from './record-decision.ts';
import { beginOrResume, inputsHashOf, stageOf } from './record-run.ts';
import { takenOver, type RecordTask, type RecordWork } from './record-work.ts';
import { decideWithoutRun } from './settle-record.ts';

/**
 * Runs the flow over a record and writes the decision with the last events of the run. A run that an earlier owner left unfinished
 * goes on from its events, under the version that it began with. A run that fails is a decision too.
 */
export async function decideRecord(work: RecordWork, task: RecordTask, signal: AbortSignal): Promise<DecisionMade['data']> {
  const { context, fence, resumed, rule } = work;
  const { workspaceId, storage, now, actor } = context;
  const { runTimeoutMs } = context.settings.config;
  const run = await beginOrResume(work, task);
  if ('refusal' in run) return decideWithoutRun(work, task, { error: run.refusal, reason: 'input_refused' });
  const { plan, history, started } = run;
  if (history.length > 0) resumed.add(started.data.runId);
  const { see, findings } = collectFindings(plan);
  history.forEach(see);
  let decided: DecisionMade['data'] | undefined;
  const outcome = await driveRun(
    { workspaceId, events: storage.events, perform: work.perform, now, actor },
    {
      plan,
      history,
      started,
      fence,
      signal,
      durableStart: performsEffects(plan),
      stopRequested: () => stopReason(context, started.data.runId),
      onEvent: see,
      atEnd: (conclusion) => {
        const by = {
          ...decidedBy(work, { ...task, stage: stageOf(started) ?? task.stage }, plan),
          inputsHash: inputsHashOf(started),
          findings: findings(),
        };
        const decision = decisionOf(task.record, by, conclusion);
        decided = decision.data;
        return endOf(work, task, decision);
      },
      ...(runTimeoutMs === undefined ? {} : { timeoutMs: runTimeoutMs }),
    },
  );
  if (outcome.status !== 'finished' || decided === undefined) throw takenOver(work);
  resumed.delete(started.data.runId);
  rule.settled(task.record);
  return decided;
}
