import {
  float,
  type ContainerPath,
  type Json,
  type NodeFinished,
  type NodeVisit,
  type PassStarted,
  type Usage,
  type Value,
} from '../../schemas/core.ts';
import { addUsage } from '../engine/state.ts';

/** What an iteration or loop under way did so far. */
export type ContainerLog = {
  readonly inputs: Json;
  /** What the nodes within used, those of inner containers too. */
  usage: Usage;
  /** By pass: when it began, and when its last node so far ended; milliseconds since 1970. */
  readonly passes: Map<number, { readonly from: number; until: number }>;
};

/** Keeps the logs of the iterations and loops that are under way, by where they stand. */
export function containerLogs(): {
  readonly open: (visit: NodeVisit & { readonly inputs: Json }) => void;
  readonly pass: (event: PassStarted['data']) => void;
  /** A node ended: what it took counts for all that it is within. */
  readonly within: (event: NodeFinished['data']) => void;
  /** The log of what ended; undefined where that is neither iteration nor loop. */
  readonly close: (visit: NodeVisit) => ContainerLog | undefined;
} {
  const logs = new Map<string, ContainerLog>();
  const placeOf = (nodeId: string, path: ContainerPath): string => JSON.stringify([nodeId, path]);
  return {
    open: ({ nodeId, path, inputs }) => {
      logs.set(placeOf(nodeId, path), { inputs, usage: NOTHING, passes: new Map() });
    },
    pass: ({ nodeId, path, pass, at }) => logs.get(placeOf(nodeId, path))?.passes.set(pass, { from: at, until: at }),
    within: ({ path, at, usage }) => {
      for (const [depth, [nodeId, pass]] of path.entries()) {
        const log = logs.get(placeOf(nodeId, path.slice(0, depth)));
        if (log === undefined) continue;
        if (usage !== null) log.usage = addUsage(log.usage, usage);
        const time = log.passes.get(pass);
        if (time !== undefined) time.until = at;
      }
    },
    close: ({ nodeId, path }) => {
      const place = placeOf(nodeId, path);
      const log = logs.get(place);
      logs.delete(place);
      return log;
    },
  };
}

export const NOTHING: Usage = { inputTokens: null, outputTokens: null, cost: null, calls: 0 };

/** Seconds of each pass, by its number. */
export const passSeconds = ({ passes }: ContainerLog): Value =>
  new Map(Array.from(passes, ([pass, { from, until }]): [string, Value] => [String(pass), float((until - from) / 1000)]));
