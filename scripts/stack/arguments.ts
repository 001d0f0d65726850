import { parseArgs } from 'node:util';
import { messageOf } from './failure.ts';

const VERBS = ['up', 'down', 'status'] as const;
type Verb = (typeof VERBS)[number];

/** What the command line asks for. `servers` are in the order of `known`, each once; none named means all. */
export type Request =
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly message: string }
  | { readonly kind: 'do'; readonly verb: Verb; readonly servers: readonly string[]; readonly wipe: boolean };

/**
 * Reads `up|down|status [server…] [--wipe] [--help]`. Never throws: wrong use is a value, because the caller
 * answers it with exit code 2 and not with a stack trace.
 */
export function parseArguments(argv: readonly string[], known: readonly string[]): Request {
  const parsed = readFlags(argv);
  if (typeof parsed === 'string') return wrong(parsed);
  if (parsed.help || parsed.words.length === 0) return { kind: 'help' };
  const [word = '', ...names] = parsed.words;
  const verb = VERBS.find((candidate) => candidate === word);
  if (verb === undefined) return wrong(`unknown command "${word}"; there are ${VERBS.join(', ')}`);
  const stranger = names.find((name) => !known.includes(name));
  if (stranger !== undefined) return wrong(`unknown server "${stranger}"; there are ${known.join(', ')}`);
  if (parsed.wipe && verb !== 'down') return wrong('--wipe deletes data and goes with down only');
  const servers = names.length === 0 ? known : known.filter((name) => names.includes(name));
  return { kind: 'do', verb, servers, wipe: parsed.wipe };
}

function wrong(message: string): Request {
  return { kind: 'wrong', message };
}

interface Flags {
  readonly words: readonly string[];
  readonly help: boolean;
  readonly wipe: boolean;
}

function readFlags(argv: readonly string[]): Flags | string {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: { help: { type: 'boolean', short: 'h' }, wipe: { type: 'boolean' } },
    });
    return { words: positionals, help: values.help ?? false, wipe: values.wipe ?? false };
  } catch (error) {
    return messageOf(error);
  }
}
