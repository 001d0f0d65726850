import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Connection } from '@temporalio/client';
import { parse } from 'yaml';
import { z } from 'zod';
import { findProgram, run } from '../command.ts';
import type { Command } from '../command.ts';
import { needsGo } from '../needs.ts';
import { portOf } from '../ports.ts';
import type { Installation, Installed, Instance, Server } from '../server.ts';
import { writeTargets } from '../targets.ts';

// 1.9.1 cannot be had with `go install`: its go.mod has a replace directive, and later ones may too.
const CLI_VERSION = '1.5.1';
/** The server and the UI inside this CLI; the containers have the same ones. */
export const TEMPORAL_VERSIONS = { server: '1.29.1', ui: '2.42.1' } as const;
export const NAMESPACE = 'default';
const CONNECT_LIMIT_MS = 3_000;
const DYNAMIC_CONFIG = resolve(import.meta.dirname, '..', '..', '..', 'deploy', 'temporal', 'dynamic-config.yaml');
const dynamicConfigSchema = z.record(z.string(), z.tuple([z.strictObject({ value: z.json() })]));

/** Temporal's development server with its UI and metrics: in memory, or in a file with `RISKFLOW_STACK_TEMPORAL_FILE=1`. */
export const temporal: Server = {
  name: 'temporal',
  summary: `Temporal's development server and UI, in memory (CLI ${CLI_VERSION}, built with Go)`,
  installationName: `temporal-cli-${CLI_VERSION}`,
  needs: [needsGo('Temporal')],
  ports: ['server', 'ui', 'metrics'],
  secrets: [],
  stopLimitMs: 15_000,
  install,
  start,
  ready,
  prepare: ({ state, ports }) => writeTargets(state, 'temporal', portOf(ports, 'metrics')),
  environment: (instance) => ({
    RISKFLOW_TEST_TEMPORAL_ADDRESS: address(instance),
    RISKFLOW_TEST_TEMPORAL_UI: `http://127.0.0.1:${portOf(instance.ports, 'ui')}`,
    RISKFLOW_TEST_TEMPORAL_METRICS: `http://127.0.0.1:${portOf(instance.ports, 'metrics')}/metrics`,
  }),
};

async function install(directory: string, log: string): Promise<Installed> {
  const environment = { ...process.env, GOBIN: join(directory, 'bin') };
  const wanted = `github.com/temporalio/cli/cmd/temporal@v${CLI_VERSION}`;
  await run({ program: (await findProgram('go')) ?? 'go', arguments: ['install', wanted], environment }, log);
  const version = await run({ program: binary(directory), arguments: ['--version'] }, log);
  return { variant: 'temporal', version: version.trim() };
}

async function start(installation: Installation, { state, ports }: Instance): Promise<Command> {
  const fixed = ['server', 'start-dev', '--ip', '127.0.0.1', '--log-level', 'warn', '--namespace', NAMESPACE];
  const port = (purpose: string): string => String(portOf(ports, purpose));
  const listening = ['--port', port('server'), '--ui-port', port('ui'), '--metrics-port', port('metrics')];
  const inFile = (process.env['RISKFLOW_STACK_TEMPORAL_FILE'] ?? '') !== '';
  const kept = inFile ? ['--db-filename', join(state, 'temporal.db')] : [];
  return { program: binary(installation.directory), arguments: [...fixed, ...listening, ...(await dynamicConfig()), ...kept] };
}

/** The same settings as the container's, as arguments: the development server reads no such file. */
async function dynamicConfig(): Promise<readonly string[]> {
  const settings = dynamicConfigSchema.parse(parse(await readFile(DYNAMIC_CONFIG, 'utf8')));
  return Object.entries(settings).flatMap(([name, [{ value }]]) => ['--dynamic-config-value', `${name}=${JSON.stringify(value)}`]);
}

async function ready(instance: Instance): Promise<string> {
  const connection = await Connection.connect({ address: address(instance), connectTimeout: CONNECT_LIMIT_MS });
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

function address({ ports }: Instance): string {
  return `127.0.0.1:${portOf(ports, 'server')}`;
}
