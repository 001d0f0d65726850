import { parseArgs } from 'node:util';
import { messageOf } from './failure.ts';

const VERBS = ['up', 'down', 'status', 'logs', 'install', 'env'] as const;
type Verb = (typeof VERBS)[number];

/** What the command line asks for. `servers` are in the order of `known`, each once; none named means all. */
export type Request =
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly message: string }
  | { readonly kind: 'env'; readonly force: boolean }
  | {
      readonly kind: 'do';
      readonly verb: Exclude<Verb, 'env'>;
      readonly servers: readonly string[];
      readonly wipe: boolean;
      readonly follow: boolean;
    };

/**
 * Reads `up|down|status|logs|install [server…] [--wipe] [--follow]`, `env [--force]` and `--help`. Never throws: wrong use is a value,
 * because the caller answers it with exit code 2 and not with a stack trace.
 */
export function parseArguments(argv: readonly string[], known: readonly string[]): Request {
  const parsed = readFlags(argv);
  if (typeof parsed === 'string') return wrong(parsed);
  if (parsed.help || parsed.words.length === 0) return { kind: 'help' };
  const [word = '', ...names] = parsed.words;
  const verb = VERBS.find((candidate) => candidate === word);
  if (verb === undefined) return wrong(`unknown command "${word}"; there are ${VERBS.join(', ')}`);
  const stray = strayFlag(verb, parsed);
  if (stray !== undefined) return wrong(stray);
  if (verb === 'env') return names.length === 0 ? { kind: 'env', force: parsed.force } : wrong('env writes one file and takes no servers');
  const stranger = names.find((name) => !known.includes(name));
  if (stranger !== undefined) return wrong(`unknown server "${stranger}"; there are ${known.join(', ')}`);
  const servers = names.length === 0 ? known : known.filter((name) => names.includes(name));
  return { kind: 'do', verb, servers, wipe: parsed.wipe, follow: parsed.follow };
}

function wrong(message: string): Request {
  return { kind: 'wrong', message };
}

function strayFlag(verb: Verb, { wipe, follow, force }: Flags): string | undefined {
  if (wipe && verb !== 'down') return '--wipe deletes data and goes with down only';
  if (follow && verb !== 'logs') return '--follow goes with logs only';
  if (force && verb !== 'env') return '--force overwrites the .env file and goes with env only';
  return undefined;
}

interface Flags {
  readonly words: readonly string[];
  readonly help: boolean;
  readonly wipe: boolean;
  readonly follow: boolean;
  readonly force: boolean;
}

function readFlags(argv: readonly string[]): Flags | string {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        help: { type: 'boolean', short: 'h' },
        wipe: { type: 'boolean' },
        follow: { type: 'boolean', short: 'f' },
        force: { type: 'boolean' },
      },
    });
    const { help = false, wipe = false, follow = false, force = false } = values;
    return { words: positionals, help, wipe, follow, force };
  } catch (error) {
    return messageOf(error);
  }
}
