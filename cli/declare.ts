import { Option, type Command } from 'commander';
import { RiskflowError } from '../schemas/core.ts';
import type { Session } from './session.ts';
import { wordsOf } from './wrong-use.ts';

/** What a verb does. @returns the exit code */
export type Action = (session: Session, command: Command) => Promise<number>;
/** Runs an action for the command that was parsed. */
export type Dispatch = (action: Action, command: Command) => Promise<void>;

export type Verb = {
  /** Name and arguments: `train <SET@SPLIT>`. */
  readonly name: string;
  readonly summary: string;
  /** It is meant where a noun is used without a verb. */
  readonly isDefault?: boolean;
  /** What an argument is, by its name without brackets. */
  readonly args?: Readonly<Record<string, string>>;
  /** Options that must be given. */
  readonly needed?: readonly VerbOption[];
  readonly options?: readonly VerbOption[];
  readonly examples: readonly string[];
  /** More to know, below the options. */
  readonly notes?: readonly string[];
  readonly action: Action;
};

/** Adds a noun, whose verbs follow. */
export const addNoun = (program: Command, name: string, summary: string): Command =>
  program.command(name).description(summary).helpCommand(false);

/** Adds a verb to a noun, or a command without one to the program. @returns the command, for what is special about it */
export function addVerb(parent: Command, dispatch: Dispatch, verb: Verb): Command {
  const command = parent.command(verb.name, { isDefault: verb.isDefault === true }).description(verb.summary);
  for (const argument of command.registeredArguments) argument.description = verb.args?.[argument.name()] ?? '';
  const needed = verb.needed ?? [];
  for (const made of needed) made.description += ' (required)';
  const all = [...needed, ...(verb.options ?? [])];
  for (const made of all.filter(({ negate }) => negate)) {
    const opposite = all.find((other) => other !== made && other.attributeName() === made.attributeName());
    if (opposite !== undefined) refuseBoth(command, opposite, made);
  }
  for (const made of all) {
    // Listens before commander does, which notes where the value comes from.
    if ((made.required || made.optional) && made.repeatable !== true) refuseSecond(command, made);
    command.addOption(made);
  }
  const notes = (verb.notes ?? []).length === 0 ? [] : [`\n${(verb.notes ?? []).join('\n')}`];
  const examples = verb.examples.map((example) => `  ${example}`);
  command.addHelpText('after', [...notes, '\nExamples:', ...examples].join('\n'));
  return command.action(() => {
    checkNeeded(command, needed);
    return dispatch(verb.action, command);
  });
}

/** Commander would complain of a missing option before it complains of a misspelt one. */
function checkNeeded(command: Command, needed: readonly Option[]): void {
  const missing = needed.find((option) => command.getOptionValue(option.attributeName()) === undefined);
  if (missing === undefined) return;
  const words = wordsOf(command);
  throw new RiskflowError('usage', `${words}: the option ${missing.flags} is required`, { hint: `riskflow ${words} --help tells more` });
}

/** Commander would let the last value win without a word. */
function refuseSecond(command: Command, made: Option): void {
  command.on(`option:${made.name()}`, () => {
    if (command.getOptionValueSource(made.attributeName()) !== 'cli') return;
    const words = wordsOf(command);
    throw new RiskflowError('usage', `${words}: the option ${made.flags} is given twice`, { hint: 'it takes one value' });
  });
}

/** `--x FILE` beside `--no-x`: commander would let the last one win without a word. */
function refuseBoth(command: Command, ...pair: readonly [Option, Option]): void {
  let given: Option | undefined;
  for (const made of pair) {
    command.on(`option:${made.name()}`, () => {
      if (given !== undefined && given !== made) {
        const words = wordsOf(command);
        const names = pair.map(({ long, flags }) => long ?? flags).join(' and ');
        throw new RiskflowError('usage', `${words}: ${names} do not go together`, { hint: 'leave one of them out' });
      }
      given = made;
    });
  }
}

export type OptionForm = {
  /** Said in the help; what is not given stays undefined. */
  readonly standard?: string | number;
  /** Reads one value; `before` is what earlier uses of the option gave. */
  readonly read?: (text: string, before: never) => unknown;
  /** It may be given more than once; `read` collects. */
  readonly repeatable?: boolean;
};

export type VerbOption = Option & Pick<OptionForm, 'repeatable'>;

/** An option of a verb: `--seed <N>` takes a value, `--events` is a switch. */
export function option(flags: string, description: string, { standard, read, repeatable = false }: OptionForm = {}): VerbOption {
  const made = Object.assign(new Option(flags, standard === undefined ? description : `${description} (default: ${standard})`), {
    repeatable,
  });
  return read === undefined ? made : made.argParser((text: string, before: unknown) => read(text, before as never));
}
