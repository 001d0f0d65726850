import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { findProgram, run } from '../command.ts';
import type { Command } from '../command.ts';
import { portOf } from '../ports.ts';
import type { Ports } from '../ports.ts';
import type { Installation, Installed, Need, Server } from '../server.ts';

// 1.9.1 cannot be had with `go install`: its go.mod has a replace directive, and later ones may too.
const CLI_VERSION = '1.5.1';
const GO_AT_LEAST = { major: 1, minor: 25 };
const NAMESPACE = 'default';
const CONNECT_LIMIT_MS = 3_000;

const go: Need = {
  sentence: `Temporal is built from source and needs Go ${GO_AT_LEAST.major}.${GO_AT_LEAST.minor} or newer: install it from https://go.dev/dl/ and put its bin folder on the PATH.`,
  present: async () => {
    const program = await findProgram('go');
    if (program === undefined) return false;
    return isNewEnough(await run({ program, arguments: ['env', 'GOVERSION'] }, '/dev/null'));
  },
};

/** Whether what `go env GOVERSION` prints names a Go that can build Temporal. Development builds count as new. */
export function isNewEnough(text: string): boolean {
  const match = /^go(\d+)\.(\d+)/.exec(text.trim());
  if (match === null) return text.startsWith('devel');
  const [major, minor] = [Number(match[1]), Number(match[2])];
  return major > GO_AT_LEAST.major || (major === GO_AT_LEAST.major && minor >= GO_AT_LEAST.minor);
}

/** Temporal's development server, in memory, with its UI and metrics. */
export const temporal: Server = {
  name: 'temporal',
  summary: `Temporal's development server and UI, in memory (CLI ${CLI_VERSION}, built with Go)`,
  installationName: `temporal-cli-${CLI_VERSION}`,
  needs: [go],
  ports: ['server', 'ui', 'metrics'],
  stopLimitMs: 15_000,
  install,
  start,
  ready,
  prepare: async () => {},
  environment: (ports) => ({ RISKFLOW_TEST_TEMPORAL_ADDRESS: address(ports) }),
};

async function install(directory: string, log: string): Promise<Installed> {
  const environment = { ...process.env, GOBIN: join(directory, 'bin') };
  const wanted = `github.com/temporalio/cli/cmd/temporal@v${CLI_VERSION}`;
  await run({ program: (await findProgram('go')) ?? 'go', arguments: ['install', wanted], environment }, log);
  const version = await run({ program: binary(directory), arguments: ['--version'] }, log);
  return { variant: 'temporal', version: version.trim() };
}

async function start(installation: Installation, _stateDirectory: string, ports: Ports): Promise<Command> {
  const fixed = ['server', 'start-dev', '--ip', '127.0.0.1', '--log-level', 'warn', '--namespace', NAMESPACE];
  const port = (purpose: string): string => String(portOf(ports, purpose));
  const listening = ['--port', port('server'), '--ui-port', port('ui'), '--metrics-port', port('metrics')];
  return { program: binary(installation.directory), arguments: [...fixed, ...listening] };
}

async function ready(ports: Ports): Promise<string> {
  const connection = await Connection.connect({ address: address(ports), connectTimeout: CONNECT_LIMIT_MS });
  try {
    const answer = async (): Promise<string> => {
      const { serverVersion } = await connection.workflowService.getSystemInfo({});
      // The server answers before its namespace is there, and workers that come in between fail.
      await connection.workflowService.describeNamespace({ namespace: NAMESPACE });
      return `Temporal ${serverVersion ?? 'of unknown version'}`;
    };
    return await connection.withDeadline(Date.now() + CONNECT_LIMIT_MS, answer);
  } finally {
    await connection.close();
  }
}

function binary(directory: string): string {
  return join(directory, 'bin', 'temporal');
}

function address(ports: Ports): string {
  return `127.0.0.1:${portOf(ports, 'server')}`;
}
