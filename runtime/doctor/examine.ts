import { messageOf } from '../../schemas/index.ts';
import type { Environment } from '../configuration/attempt.ts';
import type { OnProgress } from '../context.ts';
import { readAllSettings } from '../settings.ts';
import { configuration } from './configuration.ts';
import { problem, type Judgement, type Status, type Subject, type Surroundings } from './finding.ts';
import { dataFolder } from './data-folder.ts';
import { machine } from './machine.ts';
import { models } from './models.ts';
import { mysql } from './mysql/mysql.ts';
import { node } from './node.ts';
import { sandbox } from './sandbox.ts';
import { sqlite } from './sqlite-file.ts';
import { temporal } from './temporal/temporal.ts';

/** A new check is a file of its own and a line here. */
const subjects: readonly Subject[] = [node, machine, configuration, dataFolder, sqlite, mysql, temporal, models, sandbox];

export type Finding = Judgement & {
  /** What was looked at: `MySQL`, `data folder`. */
  readonly subject: string;
};

export type Checkup = {
  /** The worst of all. */
  readonly status: Status;
  readonly findings: readonly Finding[];
};

export type DoctorOptions = {
  readonly environment: Environment;
  readonly folder: string;
  /** Milliseconds that any one question to a server or the disk may take. @default 3000 */
  readonly timeoutMs?: number;
  readonly onProgress?: OnProgress;
};

const DEFAULT_TIMEOUT_MS = 3000;

/** Looks at everything that the program needs, side by side. It changes nothing, and works however broken things are. */
export async function examine(options: DoctorOptions): Promise<Checkup> {
  const { environment, folder, timeoutMs = DEFAULT_TIMEOUT_MS, onProgress } = options;
  const surroundings: Surroundings = { reading: readAllSettings({ environment, folder }), environment, folder, timeoutMs };
  let done = 0;
  const tell = (): void => onProgress?.({ label: 'doctor', done: done++, total: subjects.length });
  tell();
  const findings = await Promise.all(
    subjects.map(async (subject) => {
      const found = await examineOne(subject, surroundings);
      tell();
      return found;
    }),
  );
  const all = findings.flat();
  const worst = (['problem', 'warning'] as const).find((status) => all.some((finding) => finding.status === status));
  return { status: worst ?? 'ok', findings: all };
}

/** A check that breaks is a finding too: the others are still of use. */
async function examineOne({ name, examine: look }: Subject, surroundings: Surroundings): Promise<readonly Finding[]> {
  try {
    return (await look(surroundings)).map((judgement) => ({ subject: name, ...judgement }));
  } catch (error) {
    const remedy = 'this is a bug of the check; please report it';
    return [{ subject: name, ...problem('check', `it could not be looked at: ${messageOf(error)}`, remedy) }];
  }
}
