import { Counter, Histogram, type Registry } from 'prom-client';
import type { EffectExecutor, EffectResult, Storage, WriteUnit } from '../../schemas/index.ts';
import type { Context } from '../context.ts';

/** What a process that performs runs counts of them. Labels are names that are few: never ids, never content. */
export type WorkMetrics = {
  /** The same context, whose effects and whose runs that end are counted. */
  readonly counting: (context: Context) => Context;
  /** Titles of the nodes whose effects are being performed, the oldest first. */
  readonly underWay: () => readonly string[];
};

/** Calls to models last from some ms to minutes. */
const SECONDS = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];

export function createWorkMetrics(registry: Registry): WorkMetrics {
  const meters = createMeters(registry);
  const underWay = new Map<symbol, string>();
  const counted = (perform: EffectExecutor): EffectExecutor => {
    return async (effect, options) => {
      const ticket = Symbol(effect.effectId);
      underWay.set(ticket, effect.title);
      const kind = effect.request.kind;
      const began = performance.now();
      try {
        const result = await perform(effect, options);
        countEffect(meters, { kind, result, seconds: (performance.now() - began) / 1_000 });
        if (effect.request.kind === 'llm' || effect.request.kind === 'question-classifier') {
          countUsage(meters, { model: `${effect.request.model.provider}/${effect.request.model.name}`, result });
        }
        return result;
      } catch (error) {
        meters.effects.inc({ kind, status: 'aborted' });
        throw error;
      } finally {
        underWay.delete(ticket);
      }
    };
  };
  return {
    counting: (context) => ({
      ...context,
      storage: countingRuns(context.storage, meters),
      effects: (models) => counted(context.effects(models)),
    }),
    underWay: () => [...underWay.values()],
  };
}

type Meters = ReturnType<typeof createMeters>;

function createMeters(registry: Registry) {
  const registers = [registry];
  return {
    runs: new Counter({
      name: 'riskflow_flow_runs_total',
      help: 'Runs that ended in this process, by flow and status',
      labelNames: ['flow', 'status'],
      registers,
    }),
    effects: new Counter({
      name: 'riskflow_effects_total',
      help: 'Effects that this process performed, by kind and status',
      labelNames: ['kind', 'status'],
      registers,
    }),
    duration: new Histogram({
      name: 'riskflow_node_duration_seconds',
      help: 'How long effects of nodes took, waiting for a place among the calls in flight included',
      labelNames: ['type'],
      buckets: SECONDS,
      registers,
    }),
    tokens: new Counter({
      name: 'riskflow_llm_tokens_total',
      help: 'Tokens that models counted',
      labelNames: ['model', 'direction'],
      registers,
    }),
    cost: new Counter({
      name: 'riskflow_llm_cost_usd_total',
      help: 'Cost of calls to models with a price',
      labelNames: ['model'],
      registers,
    }),
  };
}

type Performed = { readonly kind: string; readonly result: EffectResult; readonly seconds: number };

function countEffect({ effects, duration }: Meters, { kind, result, seconds }: Performed): void {
  effects.inc({ kind, status: result.status });
  duration.observe({ type: kind }, seconds);
}

function countUsage({ tokens, cost }: Meters, { model, result }: { readonly model: string; readonly result: EffectResult }): void {
  const { usage, reused } = result;
  if (reused) return;
  tokens.inc({ model, direction: 'input' }, usage.inputTokens ?? 0);
  tokens.inc({ model, direction: 'output' }, usage.outputTokens ?? 0);
  if (usage.cost !== null) cost.inc({ model }, usage.cost);
}

/** A run ends when its status is written, on either grain. */
function countingRuns(storage: Storage, { runs }: Meters): Storage {
  const count = ({ runStatus = [] }: WriteUnit): void => {
    for (const { flow, status } of runStatus) if (status !== 'running' && status !== 'paused') runs.inc({ flow, status });
  };
  const write: Storage['events']['write'] = async (unit) => {
    const result = await storage.events.write(unit);
    if (result.status === 'written') count(unit);
    return result;
  };
  return { ...storage, events: { ...storage.events, write } };
}
