import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { run } from '../command.ts';
import type { Command } from '../command.ts';
import { needsDebian, unpackPackages, withPrivateApt } from '../debian.ts';
import { getText } from '../http.ts';
import { portOf } from '../ports.ts';
import { nativeSettings } from '../prometheus/native-settings.ts';
import type { Installation, Installed, Instance, Server } from '../server.ts';
import { targetsFolder, writeTargets } from '../targets.ts';

const SETTINGS = resolve(import.meta.dirname, '..', '..', '..', 'deploy', 'prometheus', 'prometheus.yml');
/** Where a worker tells its metrics unless it is told otherwise. */
const RISKFLOW_METRICS_PORT = 9464;

/** Prometheus with the settings of `deploy/prometheus`, and the servers of this machine for those of the containers. */
export const prometheus: Server = {
  name: 'prometheus',
  summary: 'Prometheus of this Debian, with the settings in deploy/prometheus',
  installationName: 'prometheus-debian',
  needs: [needsDebian('Prometheus')],
  ports: ['server'],
  secrets: [],
  stopLimitMs: 15_000,
  install,
  start,
  ready: async (instance) => {
    await getText(`${address(instance)}/-/ready`);
    const told: unknown = JSON.parse(await getText(`${address(instance)}/api/v1/status/buildinfo`));
    return `Prometheus ${/"version":"([^"]*)"/.exec(JSON.stringify(told))?.[1] ?? 'of unknown version'}`;
  },
  prepare: async () => {},
  environment: (instance) => ({
    RISKFLOW_TEST_PROMETHEUS_URL: address(instance),
    RISKFLOW_TEST_PROMETHEUS_TARGETS: targetsFolder(instance.state),
  }),
};

async function install(directory: string, log: string): Promise<Installed> {
  await withPrivateApt(join(directory, 'apt'), log, (apt) => unpackPackages(apt, ['prometheus'], join(directory, 'tree')));
  const told = await run({ program: binary(directory), arguments: ['--version'] }, log);
  return { variant: 'prometheus', version: told.split(' (')[0]?.trim() ?? 'of unknown version' };
}

async function start(installation: Installation, { state, ports }: Instance): Promise<Command> {
  const settings = join(state, 'prometheus.yml');
  await writeTargets(state, 'riskflow', RISKFLOW_METRICS_PORT);
  await writeFile(settings, nativeSettings(await readFile(SETTINGS, 'utf8'), targetsFolder(state)));
  const options = [
    `--config.file=${settings}`,
    `--storage.tsdb.path=${join(state, 'data')}`,
    '--storage.tsdb.retention.time=2d',
    `--web.listen-address=127.0.0.1:${portOf(ports, 'server')}`,
    '--web.enable-lifecycle',
    '--log.level=warn',
  ];
  return { program: binary(installation.directory), arguments: options };
}

function binary(directory: string): string {
  return join(directory, 'tree', 'usr', 'bin', 'prometheus');
}

function address({ ports }: Instance): string {
  return `http://127.0.0.1:${portOf(ports, 'server')}`;
}
