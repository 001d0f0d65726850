import { CancellationScope, ContinueAsNew, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import { NODES_PER_STEP, type Interpreter, type Plan, type Step } from '../flow/core.ts';
import type { Effect, RunEvent } from '../schemas/core.ts';
import type { Arrival } from './arrivals.ts';
import { continueOnCurrentBuild } from './continue-on-current-build.ts';
import { FactWriter, lossOf, LostRun, OtherFacts } from './fact-writer.ts';
import type { OwnedRun } from './own-run.ts';
import { ProgressTable } from './progress-table.ts';
import type {
  AppendResult,
  EffectToPerform,
  FactsToAppend,
  LoadedPlan,
  PerformedEffect,
  RunFlow,
  RunFlowArgs,
  RunFlowResult,
} from './run-activities.ts';
import { RunEffects } from './run-effects.ts';
import type { RunLine } from './run-line.ts';
import { RunQuestions } from './run-questions.ts';
import { isLong, storage } from './run-storage.ts';
import { viewOf } from './run-view.ts';

/** Kinds that are done within moments: their facts need not be seen before the next ones. */
const QUICK: ReadonlySet<Effect['request']['kind']> = new Set<Effect['request']['kind']>(['code', 'evaluate']);

const stepOptions = (): { readonly now: number; readonly maxNodes: number } => ({ now: Date.now(), maxNodes: NODES_PER_STEP });

export type RunDriveOptions = LoadedPlan &
  Omit<OwnedRun, 'stop'> & { readonly args: RunFlowArgs; readonly line: RunLine; readonly interpreter: Interpreter };

/** One run from its first step, or from where its events end, to its last. */
export class RunDrive {
  readonly #options: RunDriveOptions;
  readonly #plan: Plan;
  readonly #writer: FactWriter;
  readonly #progress: ProgressTable;
  readonly #effects: RunEffects;
  readonly #questions = new RunQuestions();
  /** Nobody can have performed an effect of the run before. */
  readonly #isFirst: boolean;
  #state: Step['state'];
  /** The last step ended because it was long. */
  #more = false;
  #pausedAt: number | null = null;
  /** Ends the pause without word of an answer. */
  #nextLook: { readonly cancel: () => void } | null = null;
  /** No effect is under way any more, nor the scope of effects. */
  #isOver = false;

  constructor(options: RunDriveOptions) {
    const { args, plan, fence, history, line, interpreter } = options;
    this.#options = options;
    this.#plan = plan;
    this.#effects = new RunEffects({ ...options, limitFrom: args.limitFrom ?? Date.now() });
    // An owner before may have stored results whose facts it did not come to write; so may this workflow before somebody reset it.
    const { runId, firstExecutionRunId } = workflowInfo();
    this.#isFirst = runId === firstExecutionRunId && history.length === 0 && fence.fence === 1;
    const onError = (error: unknown): void => line.arrivals.push({ kind: 'error', error });
    this.#writer = new FactWriter({
      args,
      plan,
      fence,
      written: history.length,
      append: (facts) => this.#append(facts),
      onStop: line.stop,
      onError,
    });
    this.#progress = new ProgressTable(plan);
    this.#progress.note(history);
    this.#state = interpreter.evolve(plan, interpreter.initialState(plan), history);
    line.show(() => viewOf(plan, this.#state));
  }

  async toEnd(): Promise<RunFlowResult> {
    try {
      await this.#effects.within(() => this.#go());
      this.#effects.drop();
      this.#isOver = true;
      const { finished } = this.#state;
      if (finished === null) return await this.#leave();
      await this.#writer.flush(finished.status);
      return { status: 'finished', data: finished };
    } catch (error) {
      if (error instanceof ContinueAsNew) throw error;
      this.#effects.drop();
      if (error instanceof LostRun) return { status: 'taken-over' };
      if (error instanceof OtherFacts) return await this.#beginAnew();
      throw error;
    }
  }

  /** The next execution goes on from what is written, whatever became of this one: its result must be that of the events. */
  async #beginAnew(): Promise<never> {
    await this.#writer.close();
    return this.#leave();
  }

  /** Until the run is over, or another execution is to go on with it. */
  #go(): Promise<void> {
    if (this.#state.finished === null) this.#begin();
    return new Promise((resolve, reject) => {
      let busy = false;
      const look = (): void => {
        if (busy) return;
        busy = true;
        try {
          this.#consumeAll();
          if (this.#state.finished !== null) return resolve();
          const isQuiet = this.#effects.inFlight === 0;
          const isLeft = this.#effects.isLeaving && isQuiet;
          if (!isLeft && !this.#more && isQuiet && !this.#questions.isEmpty && this.#pausedAt === null)
            return this.#pause(() => ((busy = false), look()), reject);
          if (!isLeft && !this.#more) {
            busy = false;
            return;
          }
          this.#writer.flush('running').then(() => {
            busy = false;
            if (!isLeft) {
              if (this.#more && this.#state.finished === null)
                this.#take(this.#options.interpreter.advance(this.#plan, this.#state, stepOptions()));
              return look();
            }
            // Nothing that came in meanwhile may be lost.
            if (this.#options.line.arrivals.isEmpty()) resolve();
            else look();
          }, reject);
        } catch (error) {
          reject(error);
        }
      };
      this.#options.line.arrivals.listen(look);
      look();
    });
  }

  /** Nothing is under way but questions to people. */
  #pause(then: () => void, onError: (error: unknown) => void): void {
    const { ms, data } = this.#questions.pause(Date.now());
    if (this.#state.paused === null) this.#happened([{ type: 'RunPaused', data }]);
    this.#pausedAt = Date.now();
    this.#nextLook = this.#effects.after(ms, () => this.#options.line.arrivals.push({ kind: 'look', isWord: false }));
    this.#writer.flush('paused').then(then, onError);
  }

  #consumeAll(): void {
    const { arrivals } = this.#options.line;
    while (this.#state.finished === null) {
      const arrival = arrivals.shift();
      if (arrival === undefined) return;
      this.#consume(arrival);
    }
  }

  #begin(): void {
    const { args, history, interpreter, line } = this.#options;
    if (history.length === 0) this.#happened([args.started]);
    else if (this.#state.paused !== null) this.#happened([{ type: 'RunResumed', data: { at: Date.now() } }]);
    // A stop that came first: nothing is started.
    const early = line.arrivals.shift();
    // Word of an answer says nothing new: all that is asked is looked at below.
    if (early !== undefined && early.kind !== 'look') return this.#consume(early);
    const step = interpreter.advance(this.#plan, this.#state, stepOptions());
    const pending = interpreter.pendingEffects(this.#plan, this.#state, { now: Date.now() });
    this.#take(step, pending);
  }

  /** An event that the host itself adds. */
  #happened(events: readonly RunEvent[]): void {
    this.#state = this.#options.interpreter.evolve(this.#plan, this.#state, events);
    this.#writer.buffer(events);
  }

  #consume(arrival: Arrival): void {
    const { interpreter } = this.#options;
    const now = Date.now();
    const options = stepOptions();
    switch (arrival.kind) {
      case 'error':
        throw arrival.error;
      case 'look':
        return this.#look(arrival.isWord);
      case 'stop':
        return this.#take(interpreter.requestStop(this.#plan, this.#state, { ...options, reason: arrival.reason }));
      case 'broken':
        return this.#take(interpreter.failRun(this.#plan, this.#state, { now, error: arrival.message }));
      case 'performed':
        return this.#consumePerformed(arrival.asked, arrival.performed);
    }
  }

  #look(isWord: boolean): void {
    const effects = this.#questions.look(isWord);
    if (this.#pausedAt !== null) this.#effects.extend(Date.now() - this.#pausedAt);
    this.#pausedAt = null;
    this.#nextLook?.cancel();
    this.#nextLook = null;
    for (const effect of effects) this.#effects.perform({ effect, facts: null, fresh: false });
  }

  /** A paused run goes on. */
  #resume(): void {
    if (this.#state.paused !== null) this.#happened([{ type: 'RunResumed', data: { at: Date.now() } }]);
  }

  #consumePerformed({ effect, facts }: EffectToPerform, performed: PerformedEffect): void {
    const { fence, interpreter } = this.#options;
    const now = Date.now();
    if (performed.status === 'taken-over' || performed.status === 'differs') throw lossOf(performed, fence);
    if (facts !== null && performed.written) this.#writer.landed(facts);
    if (performed.status === 'waiting') {
      const again = this.#questions.waits(effect, performed.until);
      if (isLong(this.#options.args)) this.#effects.leave();
      return again ? this.#look(false) : undefined;
    }
    this.#resume();
    if (performed.status === 'stop') return this.#take(interpreter.requestStop(this.#plan, this.#state, { now, reason: performed.reason }));
    const { effectId } = effect;
    if (!this.#state.running.has(effectId)) return;
    this.#take(interpreter.conclude(this.#plan, this.#state, { ...stepOptions(), effectId, result: performed.result }));
    if (this.#state.finished === null && isLong(this.#options.args)) this.#effects.leave();
  }

  /** Takes over what a step led to: its facts are to be written, its effects to be performed. */
  #take(step: Step, pending: readonly Effect[] = []): void {
    this.#state = step.state;
    this.#more = step.more;
    this.#writer.buffer(step.facts);
    this.#progress.note(step.facts);
    setCurrentDetails(this.#progress.text(this.#state));
    if (this.#state.finished !== null) return;
    const effects = [...pending, ...step.effects];
    const [only] = effects;
    // The facts that lead to the only effect under way are written by who performs it. All others are written at once, so that the run
    // can be seen, and found when this workflow is lost.
    const { inFlight, isLeaving } = this.#effects;
    const rides = only !== undefined && effects.length === 1 && inFlight === 0 && !isLeaving && this.#effects.beginsNow(only);
    const riding = rides ? this.#writer.ride({ quick: QUICK.has(only.request.kind) }) : null;
    const facts = riding === 'later' ? null : riding;
    for (const effect of effects) this.#effects.perform({ effect, facts, fresh: this.#isFirst && !pending.includes(effect) });
    if (riding === null) this.#writer.flushSoon();
  }

  /** Another execution goes on from the events. */
  #leave(): Promise<never> {
    const { args, line } = this.#options;
    return continueOnCurrentBuild<RunFlow>({ ...args, limitFrom: this.#effects.limitFrom, ...line.stopAsked() });
  }

  /** What is written must be written, also when the effects beside it are dropped. */
  #append(facts: FactsToAppend): Promise<AppendResult> {
    if (this.#isOver) return storage.appendFacts(facts);
    return CancellationScope.nonCancellable(() => storage.appendFacts(facts));
  }
}
