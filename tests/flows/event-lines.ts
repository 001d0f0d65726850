import type { RunEvent } from '../../schemas/index.ts';
import { visitName, type EventPlace } from './event-place.ts';

/**
 * An event as one line of a case, which begins with the node or `run`:
 *
 *     run started · run succeeded
 *     ask started · ask continued · items pass 2 · items[2]/ask succeeded source
 *     ask started · ask retried InvokeBadRequestError · ask succeeded source · ask exception fail-branch · ask failed LLMNodeError
 *
 * The last word of a finished node is the handle it leaves by, or the type of the error that ends the run. Inline nodes have no start.
 */
export function eventLine(event: RunEvent): string {
  switch (event.type) {
    case 'RunStarted':
      return 'run started';
    case 'NodeStarted':
    case 'ContainerStarted':
      return `${visitName(event.data)} started`;
    case 'NodeContinued':
      return `${visitName(event.data)} continued`;
    case 'PassStarted':
      return `${visitName(event.data)} pass ${event.data.pass}`;
    case 'NodeRetried':
      return `${visitName(event.data)} retried ${event.data.error.type}`;
    case 'NodeFinished':
      return `${visitName(event.data)} ${event.data.status} ${event.data.handle ?? event.data.error?.type ?? ''}`;
    case 'RunPaused':
      return 'run paused';
    case 'RunResumed':
      return 'run resumed';
    case 'RunStopRequested':
      return 'run stop-requested';
    case 'EffectDiscarded':
      return `${visitName(event.data)} discarded`;
    case 'RunFinished':
      return `run ${event.data.status}`;
  }
}

/** Whose a line is; null for the run's own. */
export function placeOfLine(line: string): EventPlace | null {
  const [name = '', what, pass] = line.split(' ');
  if (name === 'run') return null;
  const parts = name.split('/');
  const nodeId = parts.pop() ?? '';
  const path = parts.map((part): readonly [string, number] => {
    const [, container = part, at = '0'] = /^(.*)\[(\d+)\]$/.exec(part) ?? [];
    return [container, Number(at)];
  });
  return what === 'pass' ? { nodeId, path, phase: Number(pass) } : { nodeId, path };
}
