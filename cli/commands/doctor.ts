import type { Command } from 'commander';
import type { Checkup, DoctorFinding } from '../../runtime/index.ts';
import { addVerb, option, type Dispatch } from '../declare.ts';
import { maskSecrets } from '../mask-secrets.ts';
import { wholeNumber } from '../options/numbers.ts';
import { renderTable } from '../output/table.ts';
import { oneLine } from '../output/visible-text.ts';
import { loadRuntime, type Session } from '../session.ts';

export function addDoctorCommand(program: Command, dispatch: Dispatch): void {
  addVerb(program, dispatch, {
    name: 'doctor',
    summary: 'look at everything that Riskflow needs, and say how to mend what is wrong',
    options: [
      option('--timeout <SECONDS>', 'longest time for any one question to a server or the disk', {
        standard: 3,
        read: wholeNumber('--timeout', { min: 1, max: 600 }),
      }),
    ],
    examples: ['riskflow doctor', 'riskflow doctor --json', 'riskflow doctor --timeout 60'],
    notes: [
      'It looks at Node, the machine, the settings, the data, and every server that is set. It changes nothing, calls no model (it asks endpoints',
      'for the list of their models), and works when the storage cannot be opened. Exit code 1 when there is a problem.',
    ],
    action: doctor,
  });
}

async function doctor(session: Session, command: Command): Promise<number> {
  const { timeout } = command.opts<{ timeout?: number }>();
  const { env, folder } = session.terminal;
  const { examine } = await loadRuntime();
  const checkup = masked(
    session,
    await examine({
      environment: env,
      folder,
      onProgress: session.onProgress,
      ...(timeout === undefined ? {} : { timeoutMs: timeout * 1000 }),
    }),
  );
  if (session.json) session.printJson(checkup);
  else printCheckup(session, checkup);
  return checkup.status === 'problem' ? 1 : 0;
}

/** Servers repeat in their errors what they were given. */
function masked({ terminal }: Session, { status, findings }: Checkup): Checkup {
  const mask = (finding: DoctorFinding): DoctorFinding => ({
    ...finding,
    detail: maskSecrets(finding.detail, terminal),
    remedy: finding.remedy === null ? null : maskSecrets(finding.remedy, terminal),
  });
  return { status, findings: findings.map(mask) };
}

function printCheckup(session: Session, { findings }: Checkup): void {
  const { style } = session;
  const rows = findings.map(({ subject, check, status, detail }) => [status, subject, check, detail]);
  const { isTty } = session.terminal.out;
  const table = renderTable(
    [
      { title: 'status' },
      { title: 'subject' },
      { title: 'check', atMost: isTty ? 40 : Infinity },
      { title: 'found', atMost: isTty ? 100 : Infinity },
    ],
    rows,
  );
  const [titles = '', ...lines] = table.split('\n');
  const coloured = lines.map((line) =>
    line.replace(/^(?:problem|warning|ok)/, (status) =>
      status === 'problem' ? style.red(status) : status === 'warning' ? style.yellow(status) : style.green(status),
    ),
  );
  session.print([style.bold(titles), ...coloured].join('\n'));
  const wrong = findings.filter(({ remedy }) => remedy !== null);
  if (wrong.length > 0) session.print(`\n${wrong.map(remedyText).join('\n')}`);
  const count = (status: DoctorFinding['status']): number => findings.filter((finding) => finding.status === status).length;
  session.print(`\n${counted(count('problem'), 'problem')}, ${counted(count('warning'), 'warning')}, ${count('ok')} fine`);
}

const counted = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`;

/** With the whole of what was found: the table may have cut it. */
const remedyText = ({ subject, check, status, detail, remedy }: DoctorFinding): string =>
  `${status}: ${subject}, ${check}: ${oneLine(detail)}\n  → ${oneLine(remedy ?? '')}`;
