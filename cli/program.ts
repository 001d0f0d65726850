import { Command, CommanderError } from 'commander';
import { addBackupCommand } from './commands/backup.ts';
import { addBacktestCommands } from './commands/backtest.ts';
import { addCodeCommands } from './commands/code.ts';
import { addConfigCommands } from './commands/config.ts';
import { addDeadletterCommands } from './commands/deadletter.ts';
import { addDecisionCommands } from './commands/decision.ts';
import { addDemoCommand } from './commands/demo.ts';
import { addDoctorCommand } from './commands/doctor.ts';
import { addBatchCommands } from './commands/batch.ts';
import { addEvalCommands } from './commands/eval.ts';
import { addFlowCommands } from './commands/flow.ts';
import { addKnowledgeCommands } from './commands/knowledge.ts';
import { addMigrateCommand } from './commands/migrate.ts';
import { addModelCommands } from './commands/model.ts';
import { addOutboxCommands } from './commands/outbox.ts';
import { addProjectionCommands } from './commands/projection.ts';
import { addRestoreCommand } from './commands/restore.ts';
import { addRunCommand } from './commands/run.ts';
import { addSampleCommands } from './commands/sample.ts';
import { addScheduleCommands } from './commands/schedule.ts';
import { addSourceCommands } from './commands/source/index.ts';
import { addStartCommand } from './commands/start.ts';
import { addTrendCommands } from './commands/trend.ts';
import type { Dispatch } from './declare.ts';
import { productVersion } from './install-folder.ts';
import { printError } from './print-error.ts';
import { addWorkerCommand } from './commands/worker.ts';
import { openSession } from './session.ts';
import type { Terminal } from './terminal.ts';
import { wrongUseOf } from './wrong-use.ts';

const ABOUT = `Runs Dify workflow files over streams of risk reports, and shows on labelled samples whether a change is better before it goes live.

Start with: riskflow demo`;

const ENVIRONMENT = `
Environment:
  RISKFLOW_DATA        folder of the data (default: ./data)
  RISKFLOW_CONFIG      configuration file (default: ./riskflow.yml, where there is one)
  RISKFLOW_MYSQL_URL   keep the data on a MySQL server: mysql://user:password@host:3306/database
  RISKFLOW_TEMPORAL_ADDRESS
                       host:port of the Temporal server for run --on temporal and worker
  OPENAI_BASE_URL      any OpenAI-compatible endpoint, such as http://127.0.0.1:8000/v1
  OPENAI_API_KEY       its key; not needed for an endpoint on this machine
  RISKFLOW_SECRET_X    value of the secret X that flows use
  NO_COLOR             no colours

Exit codes:
  0  fine; of a verdict: PASS      1  the work failed or did not finish      2  wrong use
  3  verdict FAIL                  4  verdict UNDECIDED

Examples:
  riskflow demo
  riskflow run flow.yml --inputs '{"text": "hello"}'
  riskflow eval run --a old.yml --b new.yml --samples reports@test`;

/** The nouns and their verbs. */
export function buildProgram(terminal: Pick<Terminal, 'out'>, dispatch: Dispatch): Command {
  const program = new Command('riskflow')
    .description(ABOUT)
    .option('--json', 'print one JSON document on standard output and nothing else there')
    .option('--debug', 'show where an error comes from')
    .version(productVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand(false)
    .addHelpText('after', ENVIRONMENT)
    .configureHelp({ showGlobalOptions: true })
    // What is wrong with the command line is said in one place, by printError.
    .configureOutput({ writeOut: terminal.out.write, writeErr: () => {}, outputError: () => {} })
    .exitOverride();
  addRunCommand(program, dispatch);
  addFlowCommands(program, dispatch);
  addModelCommands(program, dispatch);
  addKnowledgeCommands(program, dispatch);
  addSampleCommands(program, dispatch);
  addBatchCommands(program, dispatch);
  addEvalCommands(program, dispatch);
  addSourceCommands(program, dispatch);
  addDecisionCommands(program, dispatch);
  addBacktestCommands(program, dispatch);
  addDeadletterCommands(program, dispatch);
  addOutboxCommands(program, dispatch);
  addTrendCommands(program, dispatch);
  addProjectionCommands(program, dispatch);
  addScheduleCommands(program, dispatch);
  addStartCommand(program, dispatch);
  addWorkerCommand(program, dispatch);
  addMigrateCommand(program, dispatch);
  addBackupCommand(program, dispatch);
  addRestoreCommand(program, dispatch);
  addCodeCommands(program, dispatch);
  addConfigCommands(program, dispatch);
  addDoctorCommand(program, dispatch);
  addDemoCommand(program, dispatch, runProgram);
  return program;
}

/** Runs one command line (without `node` and the file). @returns the exit code; whatever happens is said on the terminal */
export async function runProgram(args: readonly string[], terminal: Terminal): Promise<number> {
  let exitCode = 0;
  const dispatch: Dispatch = async (action, command) => {
    const { json = false } = command.optsWithGlobals<{ json?: boolean }>();
    const session = openSession(terminal, { json });
    try {
      exitCode = await action(session, command);
    } finally {
      session.endProgress();
    }
  };
  const program = buildProgram(terminal, dispatch);
  try {
    if (args.length === 0) program.outputHelp();
    else await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    const wrongUse = error instanceof CommanderError ? wrongUseOf(error, program, args) : undefined;
    if (wrongUse === null) return 0;
    return printError(terminal, wrongUse ?? error, { debug: args.includes('--debug') });
  }
}
