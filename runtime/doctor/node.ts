import { ok, problem, type Judgement, type Subject } from './finding.ts';

const NEEDED = 24;

export const node: Subject = {
  name: 'Node',
  examine: () => Promise.resolve([judgeNode(process.versions.node)]),
};

export function judgeNode(version: string): Judgement {
  const major = Number(version.split('.')[0]);
  if (major >= NEEDED) return ok('version', version);
  return problem(
    'version',
    `${version}, and ${NEEDED} is needed`,
    'start the program with ./riskflow after `npm ci`, which brings its own Node',
  );
}
