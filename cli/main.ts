#!/usr/bin/env node
import { processTerminal } from './terminal.ts';

const NEEDED = 24;
const LAST_MS = 1_000;

// Older versions than this cannot read TypeScript at all; ./riskflow and npm scripts start the pinned one.
if (Number(process.versions.node.split('.')[0]) < NEEDED) {
  process.stderr.write(
    `riskflow: Node ${NEEDED} is needed and this is Node ${process.versions.node}: start it with ./riskflow after \`npm ci\`\n`,
  );
  process.exitCode = 1;
} else await main();

async function main(): Promise<void> {
  const terminal = processTerminal();
  const { printError } = await import('./print-error.ts');
  const debug = process.argv.includes('--debug');
  const crash = (error: unknown): void => {
    process.exit(printError(terminal, error, { debug }));
  };
  process.on('uncaughtException', crash).on('unhandledRejection', crash);
  // The reader went away, as `head` does: nobody is left to tell.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(0);
  });
  const { runProgram } = await import('./program.ts');
  process.exitCode = await runProgram(process.argv.slice(2), terminal);
  // All is closed; a connection of a library on which a server still owes an answer must not hold up the end.
  setTimeout(() => process.exit(), LAST_MS).unref();
}
