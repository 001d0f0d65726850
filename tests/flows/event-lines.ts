import type { RunEvent } from '../../schemas/index.ts';

/**
 * An event as one line of a case, which begins with the node or `run`:
 *
 *     run started · run succeeded
 *     ask started · ask retried InvokeBadRequestError · ask succeeded source · ask exception fail-branch · ask failed LLMNodeError
 *
 * The last word of a finished node is the handle it leaves by, or the type of the error that ends the run. Inline nodes have no start.
 */
export function eventLine(event: RunEvent): string {
  switch (event.type) {
    case 'RunStarted':
      return 'run started';
    case 'NodeStarted':
      return `${event.data.nodeId} started`;
    case 'NodeRetried':
      return `${event.data.nodeId} retried ${event.data.error.type}`;
    case 'NodeFinished':
      return `${event.data.nodeId} ${event.data.status} ${event.data.handle ?? event.data.error?.type ?? ''}`;
    case 'RunPaused':
      return 'run paused';
    case 'RunResumed':
      return 'run resumed';
    case 'RunStopRequested':
      return 'run stop-requested';
    case 'EffectDiscarded':
      return `${event.data.nodeId} discarded`;
    case 'RunFinished':
      return `run ${event.data.status}`;
  }
}

/** Whose a line is; null for the run's own. */
export function nodeOfLine(line: string): string | null {
  const node = line.split(' ', 1)[0] ?? '';
  return node === 'run' ? null : node;
}
