import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/**
 * The folder beside the servers' own where Prometheus looks for what it is to ask: a file `JOB*.yml` there is found within seconds. It
 * belongs to no server, so that wiping one does not make Prometheus forget another.
 */
export function targetsFolder(stateOfAServer: string): string {
  return join(dirname(stateOfAServer), 'targets');
}

/** Names a server with metrics to Prometheus, whether that runs or not. The file name begins with the job of `deploy/prometheus/prometheus.yml`. */
export async function writeTargets(stateOfAServer: string, job: string, port: number): Promise<void> {
  const folder = targetsFolder(stateOfAServer);
  await mkdir(folder, { recursive: true });
  const file = join(folder, `${job}.yml`);
  await writeFile(`${file}.new`, `- targets: ['127.0.0.1:${port}']\n`);
  await rename(`${file}.new`, file);
}
