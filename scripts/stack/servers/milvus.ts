import { join } from 'node:path';
import { findProgram, run } from '../command.ts';
import type { Command } from '../command.ts';
import { milvusVersion } from '../milvus/version.ts';
import { needsPython } from '../needs.ts';
import { portOf } from '../ports.ts';
import type { Installation, Installed, Instance, Server } from '../server.ts';

const VERSION = '3.2.2';
// The server module imports it without declaring it.
const CLIENT_VERSION = '3.0.2';

/** Milvus Lite as a gRPC server: Milvus' interface over FAISS, in one Python process. */
export const milvus: Server = {
  name: 'milvus',
  summary: `Milvus Lite ${VERSION} as a server (Python, from PyPI)`,
  installationName: `milvus-lite-${VERSION}`,
  needs: [needsPython('Milvus Lite')],
  ports: ['server'],
  secrets: [],
  stopLimitMs: 15_000,
  install,
  start,
  ready: async ({ ports }) => `Milvus ${await milvusVersion(portOf(ports, 'server'))}`,
  prepare: async () => {},
  environment: ({ ports }) => ({ RISKFLOW_TEST_MILVUS_ADDRESS: `127.0.0.1:${portOf(ports, 'server')}` }),
};

async function install(directory: string, log: string): Promise<Installed> {
  await run({ program: (await findProgram('python3')) ?? 'python3', arguments: ['-m', 'venv', join(directory, 'venv')] }, log);
  const wanted = [`milvus-lite==${VERSION}`, `pymilvus==${CLIENT_VERSION}`];
  const options = ['install', '--disable-pip-version-check', '--no-input'];
  await run({ program: python(directory), arguments: ['-m', 'pip', ...options, ...wanted], title: 'pip' }, log);
  return { variant: 'milvus-lite', version: `Milvus Lite ${VERSION}` };
}

async function start(installation: Installation, { state, ports }: Instance): Promise<Command> {
  const listening = ['--host', '127.0.0.1', '--port', String(portOf(ports, 'server'))];
  const given = ['-m', 'milvus_lite', 'server', '--data-dir', join(state, 'data'), ...listening];
  // Its own words would otherwise stay in a buffer that no log file shows.
  return { program: python(installation.directory), arguments: ['-u', ...given], title: 'Milvus Lite' };
}

function python(directory: string): string {
  return join(directory, 'venv', 'bin', 'python');
}
