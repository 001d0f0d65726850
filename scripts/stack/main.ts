import { join } from 'node:path';
import { parseArguments } from './arguments.ts';
import type { Request } from './arguments.ts';
import { directoriesFrom, stateOf } from './directories.ts';
import type { Directories } from './directories.ts';
import { writeEnvFile } from './env-file.ts';
import { StackFailure } from './failure.ts';
import { down, install, logIn, status, up } from './lifecycle.ts';
import type { Environment } from './lifecycle.ts';
import { withLock } from './lock.ts';
import { showLog } from './logs.ts';
import { say } from './progress.ts';
import type { Server } from './server.ts';
import { SERVERS } from './servers.ts';
import { fixedPorts, portSetting } from './settings.ts';
import { project } from '../run-node.ts';

const HELP = `Starts real servers without Docker, for tests. Everything listens on 127.0.0.1 only.

  npm run stack -- up      [server…]            install what is missing, start, wait until it answers
  npm run stack -- status  [server…]            ask each server; 1 when one of them does not answer
  npm run stack -- logs    [server…] [--follow] the end of what they wrote; --follow goes on until Ctrl-C
  npm run stack -- down    [server…] [--wipe]   stop what was started here; --wipe deletes its data too
  npm run stack -- install [server…]            install what is missing and start nothing
  npm run stack -- env     [--force]            write .env for docker-compose.yaml, with generated passwords

Servers (all of them when none is named):
${SERVERS.map((server) => `  ${server.name.padEnd(11)} ${server.summary}`).join('\n')}

"up" and "status" print the addresses on standard output, one NAME=value per line, and nothing else there:

  export $(npm run --silent stack -- up)      start everything and let this shell's tests use it
  npm run stack -- up mysql                   MySQL only
  npm run stack -- logs kafka --follow        what Kafka writes, as it comes
  npm run stack -- down --wipe                stop everything and forget its data

Settings:
  RISKFLOW_STACK_CACHE   what was downloaded and built (default ~/.cache/riskflow/stack)
  RISKFLOW_STACK_STATE   process records, passwords, logs and data (default: state, in the cache folder)
  RISKFLOW_STACK_TEMPORAL_FILE=1   Temporal keeps its data in a file, at a quarter of the speed
  Ports are free ones, the same at every start, unless they are fixed:
${portSettings()}

Exit codes: 0 fine, 1 a server could not be started, stopped or does not answer, 2 wrong use.
`;

function portSettings(): string {
  return SERVERS.map((server) => `    ${server.ports.map((purpose) => portSetting(server.name, purpose)).join(' ')}`).join('\n');
}

type Work = Extract<Request, { readonly kind: 'do' }>;

/** Runs the command line and returns its exit code; every failure a person can mend is told on standard error. */
async function main(argv: readonly string[]): Promise<number> {
  const request = parseArguments(
    argv,
    SERVERS.map((server) => server.name),
  );
  if (request.kind === 'help') {
    process.stdout.write(HELP);
    return 0;
  }
  if (request.kind === 'wrong') {
    process.stderr.write(`stack: ${request.message}; see npm run stack -- --help\n`);
    return 2;
  }
  if (request.kind === 'env') return writeEnv(request.force);
  if (process.platform !== 'linux') {
    process.stderr.write(
      `stack: servers can be started like this on Linux only, and this is ${process.platform}; ` +
        'use "docker compose up", or set the RISKFLOW_TEST_… variables to servers of your own.\n',
    );
    return 1;
  }
  return perform(request, directoriesFrom(process.env));
}

async function perform(request: Work, directories: Directories): Promise<number> {
  const servers = SERVERS.filter((server) => request.servers.includes(server.name));
  // Asking needs no lock: it changes nothing, and is wanted most while an install takes minutes.
  if (request.verb === 'status') return forEach(servers, (server) => status(server, directories));
  if (request.verb === 'logs') return logs(servers, directories, request.follow);
  const waiting = (): void => say('stack', 'another stack command is at work, waiting for it …');
  return withLock(join(directories.cache, 'lock'), waiting, () =>
    forEach(servers, async (server) => {
      if (request.verb === 'up') return up(server, directories, fixedPorts(server.name, server.ports, process.env));
      if (request.verb === 'install') await install(server, directories);
      else await down(server, directories, request.wipe);
      return {};
    }),
  );
}

/** Lines on standard output, with the name of the server before each when there are several. */
async function logs(servers: readonly Server[], directories: Directories, follow: boolean): Promise<number> {
  const stopped = new AbortController();
  const width = Math.max(...servers.map(({ name }) => name.length));
  const write = (server: string, line: string): void => {
    process.stdout.write(servers.length === 1 ? `${line}\n` : `${server.padEnd(width)} | ${line}\n`);
  };
  process.once('SIGINT', () => stopped.abort()).once('SIGTERM', () => stopped.abort());
  await Promise.all(
    servers.map(async ({ name }) => {
      const path = logIn(stateOf(directories, name));
      if (follow) say(name, path);
      const any = await showLog({ server: name, path }, follow ? stopped.signal : undefined, write);
      if (!any) say(name, `nothing is in ${path}`);
    }),
  );
  return 0;
}

async function writeEnv(force: boolean): Promise<number> {
  try {
    say('stack', `wrote ${await writeEnvFile(project, force)}; next: docker compose up --detach`);
    return 0;
  } catch (error) {
    if (!(error instanceof StackFailure)) throw error;
    say('stack', error.message);
    return 1;
  }
}

/**
 * Side by side, because one builds while another downloads; a failing server does not stop the others. The addresses
 * are printed at the end, in the order of the servers, so that the same servers always print the same text.
 */
async function forEach(servers: readonly Server[], work: (server: Server) => Promise<Environment | undefined>): Promise<number> {
  const outcomes = await Promise.all(servers.map((server) => work(server).catch((error: unknown) => told(server, error))));
  for (const [name, value] of outcomes.flatMap((environment) => Object.entries(environment ?? {}))) {
    process.stdout.write(`${name}=${value}\n`);
  }
  return outcomes.includes(undefined) ? 1 : 0;
}

function told(server: Server, error: unknown): undefined {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  say(server.name, error instanceof StackFailure ? error.message : `unexpected: ${stack}`);
  return undefined;
}

process.exitCode = await main(process.argv.slice(2));
