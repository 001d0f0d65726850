import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { SHOWN_DEFAULTS } from '../../cli/commands/eval.ts';
import { buildProgram } from '../../cli/program.ts';
import { EVALUATION_DEFAULTS } from '../../runtime/index.ts';
import { messageOf } from '../../schemas/core.ts';
import { newFolder, project, riskflow } from './riskflow.ts';

const printed: string[] = [];
const program = buildProgram({ out: { write: (text) => void printed.push(text), isTty: false, columns: () => 80 } }, () =>
  Promise.resolve(),
);

const leaves = (command: Command): readonly Command[] => (command.commands.length === 0 ? [command] : command.commands.flatMap(leaves));
const wordsOf = (command: Command): string => (command.parent === null ? '' : `${wordsOf(command.parent)} ${command.name()}`.trim());
const verbs = leaves(program).map((command) => ({ words: wordsOf(command), command }));

/** What `--help` prints, with the part below the options. */
function helpOf(command: Command): string {
  printed.length = 0;
  command.outputHelp();
  return printed.join('');
}

/** The arguments of an example, as a shell would cut them. */
const cut = (line: string): readonly string[] =>
  Array.from(line.replace(/ > .*$/, '').matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g), ([, a, b, c]) => a ?? b ?? c ?? '');

describe('help', () => {
  it('has the nouns and verbs of this version and no others', () => {
    expect(verbs.map(({ words }) => words)).toEqual([
      'run',
      ...['import', 'validate', 'list', 'diff', 'export', 'new', 'promote'].map((verb) => `flow ${verb}`),
      ...['train', 'list'].map((verb) => `model ${verb}`),
      ...['import', 'list', 'search'].map((verb) => `knowledge ${verb}`),
      ...['import', 'split', 'list', 'show', 'export', 'label', 'from-stream'].map((verb) => `sample ${verb}`),
      ...['resume', 'show', 'list', 'pause', 'cancel'].map((verb) => `batch ${verb}`),
      ...['run', 'resume', 'pause', 'cancel', 'list', 'show', 'report'].map((verb) => `eval ${verb}`),
      ...['create', 'validate', 'configure', 'start', 'pause', 'resume', 'stop', 'kill', 'revive', 'status', 'offsets', 'replay'].map(
        (verb) => `source ${verb}`,
      ),
      ...['list', 'show', 'compare'].map((verb) => `decision ${verb}`),
      ...['run', 'list', 'show'].map((verb) => `backtest ${verb}`),
      ...['list', 'replay'].map((verb) => `deadletter ${verb}`),
      ...['status', 'deliver', 'dead', 'redeliver'].map((verb) => `outbox ${verb}`),
      ...['show', 'alerts', 'window', 'rebuild'].map((verb) => `trend ${verb}`),
      ...['rebuild', 'status'].map((verb) => `projection ${verb}`),
      ...['create', 'list', 'show', 'pause', 'resume', 'trigger', 'delete'].map((verb) => `schedule ${verb}`),
      'start',
      'worker',
      'migrate',
      'backup',
      'restore',
      ...['install', 'show'].map((verb) => `code ${verb}`),
      ...['check', 'show'].map((verb) => `config ${verb}`),
      'doctor',
      'demo',
    ]);
  });

  it.each(verbs)(
    'riskflow $words: says what it does, describes every argument and option, and gives examples that it would accept',
    ({ words, command }) => {
      const help = helpOf(command);
      expect(command.description()).not.toBe('');
      for (const argument of command.registeredArguments) expect(argument.description, argument.name()).not.toBe('');
      for (const option of command.options) expect(option.description, option.flags).not.toBe('');
      const examples = help
        .slice(help.indexOf('\nExamples:\n'))
        .split('\n')
        .filter((line) => line.startsWith('  riskflow '));
      expect(examples.length).toBeGreaterThanOrEqual(1);
      for (const example of examples) {
        const [, ...args] = cut(example.trim());
        expect(args.slice(0, words.split(' ').length).join(' ')).toBe(words);
        const known = new Set([...command.options, ...program.options].flatMap(({ long }) => long ?? []));
        const unknown = args.filter((arg) => arg.startsWith('--') && !known.has(arg));
        if (words !== 'sample split') expect(unknown, example).toEqual([]);
        const missing = command.registeredArguments.filter((argument) => argument.required).length;
        expect(args.length - words.split(' ').length, example).toBeGreaterThanOrEqual(missing);
      }
    },
  );

  it.each(verbs)('riskflow $words: every option that takes one value is refused when it is given twice', async ({ words, command }) => {
    const valued = command.options.filter((option) => option.required || option.optional);
    for (const { long = '', description, flags, argChoices } of valued) {
      const value = argChoices?.[0] ?? (/<\w+=\w+>/.test(flags) ? 'a/b=c/d' : flags.includes('HOST:PORT') ? '127.0.0.1:1' : '1');
      const other = value === 'a/b=c/d' ? 'e/f=g/h' : value;
      const fresh = buildProgram({ out: { write: () => undefined, isTty: false, columns: () => 80 } }, () => Promise.resolve());
      const parsed = fresh.parseAsync([...words.split(' '), long, value, long, other], { from: 'user' });
      const message = await parsed.then(
        () => 'accepted',
        (error: unknown) => messageOf(error),
      );
      const said = `${words}: the option ${flags} is given twice`;
      if (description.includes('may be repeated')) expect(message, long).not.toBe(said);
      else expect(message, long).toBe(said);
    }
  });

  it('shows the defaults that the program uses', () => expect(SHOWN_DEFAULTS).toEqual(EVALUATION_DEFAULTS));

  it.each([[[]], [['--help']], [['eval', 'run', '--help']], [['source', '-h']]])(
    'riskflow %j prints it on standard output and makes no data folder',
    async (args) => {
      const data = join(newFolder(), 'data');
      const { code, out, err } = await riskflow(args, { data, folder: newFolder() });
      expect([code, err]).toEqual([0, '']);
      expect(out).toMatch(/^Usage: riskflow/);
      expect(() => readFileSync(data)).toThrow('ENOENT');
    },
  );

  it('--version prints the version of the package', async () => {
    const { version } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as { readonly version: string };
    expect(await riskflow(['--version'], { data: newFolder() })).toEqual({ code: 0, out: `${version}\n`, err: '' });
  });
});
