import type { Command, CommanderError } from 'commander';
import { RiskflowError } from '../schemas/core.ts';

/** What commander has to say about the command line, as one sentence and how to mend it. Null: help or the version was asked for. */
export function wrongUseOf(error: CommanderError, program: Command, args: readonly string[]): RiskflowError | null {
  if (error.exitCode === 0) return null;
  const command = commandOf(program, args);
  const path = pathOf(command);
  const [first = '', suggestion] = error.message.replace(/^error: /, '').split('\n');
  const guess = /^\(Did you mean (.+)\?\)$/.exec(suggestion ?? '')?.[1];
  const see = `${path} --help tells more`;
  if (error.code === 'commander.help') {
    const verbs = command.commands.map((verb) => verb.name()).join(', ');
    return new RiskflowError('usage', `${command.name()} needs a verb: ${verbs}`, { hint: see });
  }
  return new RiskflowError('usage', `${command.parent === null ? '' : `${wordsOf(command)}: `}${reworded(first)}`, {
    hint: guess === undefined ? `${listing(error, command)}${see}` : `did you mean ${guess}? ${see}`,
  });
}

/** Who leaves out the name of a thing may not know it. */
function listing({ code }: CommanderError, { parent }: Command): string {
  const canList = parent?.commands.some((verb) => verb.name() === 'list') === true;
  return code === 'commander.missingArgument' && canList ? `${pathOf(parent)} list prints what there is; ` : '';
}

const WORDINGS: readonly (readonly [RegExp, string])[] = [
  [/^unknown command '(.*)'$/s, 'there is no command "$1"'],
  [/^unknown option '(.*)'$/s, 'there is no option "$1"'],
  [/^missing required argument '(.*)'$/s, 'the argument $1 is missing'],
  [/^option '(.*)' argument missing$/s, 'the option $1 needs a value'],
  [/^too many arguments.* Expected (\d+) arguments? but got (\d+): (.*)\.$/s, 'too many arguments ($2 where $1 can be used): $3'],
];

function reworded(message: string): string {
  const wording = WORDINGS.find(([pattern]) => pattern.test(message));
  return wording === undefined ? message : message.replace(wording[0], wording[1]);
}

/** The command that the first words name. */
function commandOf(program: Command, args: readonly string[]): Command {
  let command = program;
  for (const arg of args) {
    const next = command.commands.find((candidate) => candidate.name() === arg);
    if (next !== undefined) command = next;
    else if (!arg.startsWith('-')) break;
  }
  return command;
}

const pathOf = (command: Command): string => (command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`);

/** `eval run`: the command without the program. */
export const wordsOf = (command: Command): string => pathOf(command).split(' ').slice(1).join(' ');
