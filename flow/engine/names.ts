import { hashJson, type ContainerPath, type NodeVisit } from '../../schemas/core.ts';
import type { PlanNode } from '../plan/plan.ts';
import type { Frame } from './state.ts';

const LONGEST = 120;

/** The key of a frame: its path, so that events find it. */
export const frameKeyOf = (path: ContainerPath): string => (path.length === 0 ? '' : JSON.stringify(path));

/** The key of an iteration or loop under way. */
export const containerKeyOf = (frame: string, node: number): string => `${frame}#${node}`;

/** Nodes start once in each frame: a graph has no cycles, and what is repeated is a pass of its own. */
export const visitOf = (node: PlanNode, frame: Pick<Frame, 'path'>): NodeVisit => ({ nodeId: node.id, path: frame.path, visit: 1 });

/** The name of a node's effect in a run; `turn` counts what it asks for, from 1. Names that would be long are hashed. */
export function effectIdOf({ nodeId, path, visit }: NodeVisit, turn: number): string {
  const named = path.length === 0 ? nodeId : `${frameKeyOf(path)} ${nodeId}`;
  // A node at the top cannot take the name of one within a pass.
  const isPlain = named.length <= LONGEST && (path.length > 0 || !nodeId.startsWith('['));
  return `${isPlain ? named : hashJson(named)}#${visit}${turn === 1 ? '' : `.${turn}`}`;
}
