import type { Command } from 'commander';
import { addNoun, type Dispatch } from '../../declare.ts';
import { addSourceControls } from './control.ts';
import { addSourceCreation } from './create.ts';
import { addSourceOffsets } from './offsets.ts';
import { addSourceReplay } from './replay.ts';
import { addSourceStart } from './start.ts';
import { addSourceStatus } from './status.ts';

export function addSourceCommands(program: Command, dispatch: Dispatch): void {
  const source = addNoun(program, 'source', 'feed records into a flow and decide each of them once');
  addSourceCreation(source, dispatch);
  addSourceStart(source, dispatch);
  addSourceControls(source, dispatch);
  addSourceStatus(source, dispatch);
  addSourceOffsets(source, dispatch);
  addSourceReplay(source, dispatch);
}
