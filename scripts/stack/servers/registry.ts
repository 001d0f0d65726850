import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { findProgram, run } from '../command.ts';
import type { Command } from '../command.ts';
import { getText } from '../http.ts';
import { needsGo } from '../needs.ts';
import { portOf } from '../ports.ts';
import type { Installation, Installed, Instance, Server } from '../server.ts';

const SOURCE = resolve(import.meta.dirname, '..', 'registry');
const SOURCE_FILES = ['main.go', 'go.mod', 'go.sum'];

/** A schema registry that speaks Confluent's REST protocol: franz-go's, with a journal so that schemas outlive a restart. */
export const registry: Server = {
  name: 'registry',
  summary: "Schema registry with Confluent's protocol (franz-go's, built with Go)",
  installationName: `registry-${sourceHash()}`,
  needs: [needsGo('The schema registry')],
  ports: ['server'],
  secrets: [],
  stopLimitMs: 5_000,
  install,
  start,
  ready: async (instance) => {
    await getText(`${address(instance)}/subjects`);
    return 'schema registry, protocol of Confluent 7';
  },
  prepare: async () => {},
  environment: (instance) => ({ RISKFLOW_TEST_REGISTRY_URL: address(instance) }),
};

/** Another source is another installation: the program is built from this checkout, and the cache is shared by all. */
function sourceHash(): string {
  const hash = createHash('sha256');
  for (const file of SOURCE_FILES) hash.update(readFileSync(join(SOURCE, file)));
  return hash.digest('hex').slice(0, 12);
}

async function install(directory: string, log: string): Promise<Installed> {
  const source = join(directory, 'source');
  await cp(SOURCE, source, { recursive: true });
  const program = (await findProgram('go')) ?? 'go';
  await run({ program, arguments: ['build', '-C', source, '-o', binary(directory), '.'] }, log);
  const dependency = /\s(v\d\S*)/.exec(
    await run({ program, arguments: ['list', '-C', source, '-m', 'github.com/twmb/franz-go/pkg/sr'] }, log),
  );
  return { variant: 'srfake', version: `franz-go srfake ${dependency?.[1] ?? 'of unknown version'}` };
}

async function start(installation: Installation, { state, ports }: Instance): Promise<Command> {
  const listen = `127.0.0.1:${portOf(ports, 'server')}`;
  return { program: binary(installation.directory), arguments: ['-listen', listen, '-journal', join(state, 'journal.jsonl')] };
}

function binary(directory: string): string {
  return join(directory, 'registry');
}

function address({ ports }: Instance): string {
  return `http://127.0.0.1:${portOf(ports, 'server')}`;
}
