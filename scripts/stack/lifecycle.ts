import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { endOfLog } from './command.ts';
import { installationOf, stateOf } from './directories.ts';
import type { Directories } from './directories.ts';
import { StackFailure, messageOf } from './failure.ts';
import { isRunning, stopProcess } from './identity.ts';
import type { ProcessIdentity } from './identity.ts';
import { makeOnce, readMarker, removeTree } from './install.ts';
import { launch } from './launch.ts';
import { choosePorts } from './ports.ts';
import type { Ports } from './ports.ts';
import { say, step } from './progress.ts';
import { readRecord, writeRecord } from './record.ts';
import { keepSecrets } from './secrets.ts';
import type { Installation, Instance, Server } from './server.ts';
import { portSetting } from './settings.ts';

/** The environment variables of a server that answers. */
export type Environment = Readonly<Record<string, string>>;

const READY_LIMIT_MS = 90_000;
const READY_POLL_MS = 150;
const installedSchema = z.object({ variant: z.string(), version: z.string(), note: z.string().optional() });

/**
 * Installs the server if it is not in the cache, starts it if it does not run, and returns when it answers. `fixed` are the ports that
 * somebody settled. Throws StackFailure when the machine lacks something, or the server ends or stays silent.
 */
export async function up(server: Server, directories: Directories, fixed: Ports = {}): Promise<Environment> {
  const state = stateOf(directories, server.name);
  const known = await readRecord(state);
  if (known?.process && isRunning(known.process)) {
    say(server.name, `already running as process ${known.process.pid}`);
    requireSamePorts(server, known.ports, fixed);
    return answers(server, known.process, { state, ports: known.ports, secrets: known.secrets });
  }
  const installation = await installed(server, directories);
  if (installation.note !== undefined) say(server.name, installation.note);
  await mkdir(state, { recursive: true });
  const settingOf = (purpose: string): string => portSetting(server.name, purpose);
  const ports = await choosePorts(server.ports, { fixed, before: known?.ports, settingOf });
  const instance = { state, ports, secrets: keepSecrets(server.secrets, known?.secrets) };
  const command = await server.start(installation, instance);
  const process = await launch(command, state, logIn(state));
  const { secrets } = instance;
  await writeRecord(state, { server: server.name, process, ports, secrets, startedAt: new Date().toISOString() });
  return answers(server, process, instance);
}

function requireSamePorts(server: Server, ports: Ports, fixed: Ports): void {
  for (const [purpose, port] of Object.entries(fixed)) {
    if (ports[purpose] === port) continue;
    throw new StackFailure(
      `it runs on port ${ports[purpose] ?? 'unknown'}, and ${portSetting(server.name, purpose)} asks for ${port}: take it down first`,
    );
  }
}

/** Installs the server if it is not in the cache, and starts nothing. Throws StackFailure when the machine lacks something. */
export async function install(server: Server, directories: Directories): Promise<void> {
  const { version } = await installed(server, directories);
  say(server.name, `installed: ${version}`);
}

/** Stops the server if the stack started it; with `wipe` its data and log are deleted too. */
export async function down(server: Server, directories: Directories, wipe: boolean): Promise<void> {
  const state = stateOf(directories, server.name);
  const record = await readRecord(state);
  if (record?.process) {
    const { process } = record;
    const outcome = await step(server.name, `stopping process ${process.pid}`, () => stopProcess(process, server.stopLimitMs));
    if (outcome === 'killed') say(server.name, `did not end within ${server.stopLimitMs / 1000} s and was killed`);
    if (outcome === 'gone') say(server.name, 'had already ended');
    await writeRecord(state, { ...record, process: null });
  } else say(server.name, 'not running');
  if (wipe) await removeTree(state);
}

/** Asks a running server and returns its environment, or undefined when it does not run or does not answer. Changes nothing. */
export async function status(server: Server, directories: Directories): Promise<Environment | undefined> {
  const state = stateOf(directories, server.name);
  const record = await readRecord(state);
  if (!record?.process || !isRunning(record.process)) {
    const installation = await readMarker(installationOf(directories, server.installationName), installedSchema);
    const ended = record?.process ? `ended unexpectedly, see ${logIn(state)}` : 'not running';
    say(server.name, `${ended}; ${installation === undefined ? 'not installed' : `installed: ${installation.version}`}`);
    return undefined;
  }
  const { process, ports, secrets } = record;
  const instance = { state, ports, secrets };
  const places = Object.entries(ports).map(([purpose, port]) => `${purpose} 127.0.0.1:${port}`);
  try {
    say(server.name, `running as process ${process.pid}, ${await server.ready(instance)}, ${places.join(', ')}`);
    return server.environment(instance);
  } catch (error) {
    say(server.name, `process ${process.pid} runs but does not answer (${messageOf(error)}); ${places.join(', ')}; log ${logIn(state)}`);
    return undefined;
  }
}

async function installed(server: Server, directories: Directories): Promise<Installation> {
  const directory = installationOf(directories, server.installationName);
  const log = join(directories.cache, 'logs', `${server.installationName}.log`);
  const halfMade = (): void => say(server.name, `an unfinished install is in ${directory}: making it again`);
  if ((await readMarker(directory, installedSchema)) === undefined) {
    await requireNeeds(server);
    say(server.name, `not in the cache yet; what its install prints goes to ${log}`);
  }
  const details = await makeOnce(directory, installedSchema, halfMade, () =>
    step(server.name, 'installing', () => server.install(directory, log)),
  );
  return { ...details, directory };
}

async function requireNeeds(server: Server): Promise<void> {
  const missing: string[] = [];
  for (const need of server.needs) if (!(await need.present())) missing.push(need.sentence);
  if (missing.length > 0) throw new StackFailure(missing.join('\n'));
}

function answers(server: Server, process: ProcessIdentity, instance: Instance): Promise<Environment> {
  return step(server.name, 'waiting for an answer', async () => {
    const version = await untilReady(server, process, instance);
    await server.prepare(instance);
    say(server.name, `answers: ${version}`);
    return server.environment(instance);
  });
}

async function untilReady(server: Server, process: ProcessIdentity, instance: Instance): Promise<string> {
  const log = logIn(instance.state);
  const deadline = performance.now() + READY_LIMIT_MS;
  for (;;) {
    const answer = await server.ready(instance).then(
      (version) => ({ version }),
      (error: unknown) => ({ why: messageOf(error) }),
    );
    // Looked at after the answer too: if the process is gone, it was a stranger on the same port who answered.
    if (!isRunning(process)) {
      throw new StackFailure(`the server ended before it answered; the end of ${log}:\n${await endOfLog(log)}`);
    }
    if ('version' in answer) return answer.version;
    if (performance.now() > deadline) {
      throw new StackFailure(`no answer within ${READY_LIMIT_MS / 1000} s (${answer.why}); see ${log}, or take it down and up again`);
    }
    await delay(READY_POLL_MS);
  }
}

/** The file a server writes to. */
export function logIn(state: string): string {
  return join(state, 'server.log');
}
