import type { Reads } from '../node-kind.ts';
import type { AssignerConfig } from './config.ts';

/** What is changed is read too: an assigner of a variable that is not there fails. */
export function readsOfAssigner(config: AssignerConfig): Reads {
  if (config.version === 1) return { selectors: config.mode === 'clear' ? [config.target] : [config.target, config.source] };
  return { selectors: config.items.flatMap(({ target, input }) => (input.kind === 'variable' ? [target, input.selector] : [target])) };
}
