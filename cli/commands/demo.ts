import { join, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { addVerb, type Dispatch } from '../declare.ts';
import { installFolder } from '../install-folder.ts';
import { durationText } from '../output/duration.ts';
import { loadRuntime, type Session } from '../session.ts';
import type { Terminal } from '../terminal.ts';

/** Runs another command line of the program. @returns its exit code */
export type RunCommand = (args: readonly string[], terminal: Terminal) => Promise<number>;

export function addDemoCommand(program: Command, dispatch: Dispatch, runCommand: RunCommand): void {
  addVerb(program, dispatch, {
    name: 'demo',
    summary: 'the main job on the example that ships with Riskflow, step by step',
    examples: ['riskflow demo', 'riskflow demo --json'],
    notes: [
      'It needs no configuration and no network, keeps its data in the folder demo/ of the data folder, and can be run again without',
      'making anything twice. Exit code 0 whatever the verdict is.',
    ],
    action: (session, command) => demo(session, { runCommand, debug: command.optsWithGlobals<{ debug?: boolean }>().debug === true }),
  });
}

type Step = { readonly title: string; readonly args: readonly string[] };

function stepsOf(example: string, report: string): readonly Step[] {
  const rules = join(example, 'triage-rules.yml');
  const cascade = join(example, 'triage-cascade.yml');
  return [
    { title: 'Publish version A of the flow: rules decide', args: ['flow', 'import', rules] },
    { title: 'Publish version B: rules decide the clear cases, a classifier is asked about the rest', args: ['flow', 'import', cascade] },
    {
      title: 'Import the labelled reports',
      args: [
        'sample',
        'import',
        'reports',
        join(example, 'reports.csv'),
        '--id',
        'id',
        '--label',
        'label',
        '--text',
        'text',
        '--cluster',
        'campaign',
      ],
    },
    {
      title: 'Split them: no campaign and no equal text on both sides',
      args: ['sample', 'split', 'reports', '--tune', '0.5', '--test', '0.5', '--seed', '7'],
    },
    { title: 'Train the classifier of version B on one half', args: ['model', 'train', 'reports@tune'] },
    {
      title: 'Make a source of the same reports as a stream, without their labels',
      args: ['source', 'create', 'reports', '--file', join(example, 'reports.ndjson'), '--flow', 'report-triage', '--key', 'id'],
    },
    { title: 'Let the latest version decide each of them once', args: ['source', 'start', 'reports'] },
    { title: 'Look at some decisions', args: ['decision', 'list', '--source', 'reports', '--limit', '5'] },
    {
      title: 'Is B better than A? Ask the other half',
      args: ['eval', 'run', '--a', rules, '--b', cascade, '--samples', 'reports@test', '--positive', 'scam', '--report', report],
    },
  ];
}

type Demo = { readonly runCommand: RunCommand; readonly debug: boolean };

async function demo(session: Session, { runCommand, debug }: Demo): Promise<number> {
  const { terminal } = session;
  const { readSettings } = await loadRuntime();
  const folder = join(readSettings(terminal.env, terminal.folder).dataFolder, 'demo');
  const example = shortest(terminal, join(installFolder(), 'examples', 'report-triage'));
  const report = join(folder, 'report.html');
  const began = terminal.clock();
  const steps = stepsOf(example, shortest(terminal, report));
  const results: StepResult[] = [];
  for (const [i, step] of steps.entries()) {
    if (!session.json) printHeading(session, { step, place: `${i + 1}/${steps.length}` });
    const result = await runStep(session, step, { folder, debug, runCommand });
    results.push(result);
    if (isFailure(result.exitCode)) return result.exitCode;
  }
  const elapsedMs = Math.round(terminal.clock() - began);
  if (session.json) {
    session.printJson({ folder, report, verdict: verdictOf(results.at(-1)?.result), elapsedMs, steps: results });
    return 0;
  }
  const setting = `RISKFLOW_DATA=${shortest(terminal, folder)}`;
  session.print(`\n${session.style.bold('That was all of it')}, in ${durationText(elapsedMs)}.`);
  session.print(`The report is ${report}`);
  session.print(`Look around with: ${setting} ./riskflow eval list, sample list, source status, projection status`);
  session.print('The same commands work on your own flows and samples; ./riskflow --help lists them.');
  return 0;
}

/** PASS, FAIL and UNDECIDED are all a finished demo. */
const isFailure = (exitCode: number): boolean => exitCode === 1 || exitCode === 2;

/** A path as a person would type it from where they are. */
function shortest(terminal: Pick<Terminal, 'folder'>, path: string): string {
  const seen = relative(terminal.folder, path);
  return seen.startsWith('..') || seen === '' ? resolve(path) : seen;
}

function printHeading(session: Session, { step, place }: { readonly step: Step; readonly place: string }): void {
  const command = ['./riskflow', ...step.args.map((arg) => (/^[\w@%+=:,./\\-]+$/.test(arg) ? arg : `"${arg}"`))].join(' ');
  session.print(`\n${session.style.bold(`${place}  ${step.title}`)}\n${session.style.dim(`$ ${command}`)}`);
}

type StepResult = { readonly title: string; readonly command: readonly string[]; readonly exitCode: number; readonly result: unknown };
type StepWork = Demo & { readonly folder: string };

async function runStep(session: Session, { title, args }: Step, { folder, debug, runCommand }: StepWork): Promise<StepResult> {
  const { terminal } = session;
  // It shows what one process can do with one file, and leaves other data alone.
  const env = { ...terminal.env, RISKFLOW_DATA: folder, RISKFLOW_STORAGE: 'sqlite' };
  const flags = debug ? ['--debug'] : [];
  if (!session.json) return { title, command: args, exitCode: await runCommand([...args, ...flags], { ...terminal, env }), result: null };
  const printed: string[] = [];
  const out = { ...terminal.out, write: (text: string) => void printed.push(text) };
  const exitCode = await runCommand([...args, '--json', ...flags], { ...terminal, env, out });
  const result: unknown = isFailure(exitCode) ? null : JSON.parse(printed.join(''));
  return { title, command: args, exitCode, result };
}

function verdictOf(summary: unknown): string | null {
  const verdict = typeof summary === 'object' && summary !== null && 'verdict' in summary ? summary.verdict : null;
  return typeof verdict === 'string' ? verdict : null;
}
