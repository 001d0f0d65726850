import type { NodeVisit } from '../../schemas/index.ts';

/** Whose an event is: a node within passes. `phase` tells an iteration or loop: its begin, the begin of a pass, its end. */
export type EventPlace = {
  readonly nodeId: string;
  readonly path: NodeVisit['path'];
  readonly phase?: 'begin' | number | 'end';
};

/** `step`, or `items[2]/step` in the third pass of an iteration. */
export const visitName = ({ nodeId, path }: Pick<NodeVisit, 'nodeId' | 'path'>): string =>
  [...path.map(([container, pass]) => `${container}[${pass}]`), nodeId].join('/');
