import { relative, resolve } from 'node:path';
import type { Command } from 'commander';
import type { CheckedConfiguration, SettingFinding, ShownSetting } from '../../runtime/index.ts';
import { addNoun, addVerb, type Dispatch } from '../declare.ts';
import { maskSecrets } from '../mask-secrets.ts';
import { renderTable, type Column } from '../output/table.ts';
import { oneLine } from '../output/visible-text.ts';
import { loadRuntime, type Session } from '../session.ts';

export function addConfigCommands(program: Command, dispatch: Dispatch): void {
  const config = addNoun(program, 'config', 'look at the settings, and check them');
  addVerb(config, dispatch, {
    name: 'check [FILE]',
    summary: 'find everything that is wrong with the settings, without opening anything',
    args: { FILE: 'a configuration file (default: the one that would be used)' },
    examples: ['riskflow config check', 'riskflow config check staging.yml --json'],
    notes: [
      'The environment is checked too. Errors end every command that needs the settings; warnings tell of settings that have no effect.',
      'Exit code 0, or 2 when there are errors. `riskflow doctor` also asks the servers.',
    ],
    action: check,
  });
  addVerb(config, dispatch, {
    name: 'show',
    summary: 'print every setting with its value and where that comes from',
    examples: ['riskflow config show', 'riskflow config show --json'],
    notes: ['Of secrets it says only whether they are set.'],
    action: show,
  });
}

async function check(session: Session, command: Command): Promise<number> {
  const { env, folder } = session.terminal;
  const [file] = command.args;
  const { checkConfiguration } = await loadRuntime();
  const checked = checkConfiguration({ environment: env, folder, ...(file === undefined ? {} : { file }) });
  if (session.json) session.printJson(masked(session, checked));
  else printChecked(session, checked);
  return checked.errors.length === 0 ? 0 : 2;
}

function masked({ terminal }: Session, { file, errors, warnings }: CheckedConfiguration): CheckedConfiguration {
  const mask = (finding: SettingFinding): SettingFinding => ({
    ...finding,
    message: maskSecrets(finding.message, terminal),
    hint: finding.hint === null ? null : maskSecrets(finding.hint, terminal),
  });
  return { file, errors: errors.map(mask), warnings: warnings.map(mask) };
}

function printChecked(session: Session, checked: CheckedConfiguration): void {
  const { style, terminal } = session;
  const { errors, warnings } = masked(session, checked);
  const file = checked.file === null ? undefined : shortPath(terminal.folder, checked.file);
  const lines = (finding: SettingFinding, title: string): readonly string[] => {
    const place = finding.line === null ? '' : `${file}:${finding.line}:${finding.column} `;
    const setting = finding.setting === '' || finding.message.includes(finding.setting) ? '' : `${finding.setting}: `;
    const hint = finding.hint === null ? [] : [`  → ${oneLine(finding.hint)}`];
    return [`${title} ${place}${oneLine(setting + finding.message)}`, ...hint];
  };
  const all = [
    ...errors.flatMap((finding) => lines(finding, style.red('error:'))),
    ...warnings.flatMap((finding) => lines(finding, style.yellow('warning:'))),
  ];
  const what = file === undefined ? 'the environment (there is no configuration file)' : `${file} and the environment`;
  const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`;
  const verdict = all.length === 0 ? 'nothing is wrong' : `${count(errors.length, 'error')}, ${count(warnings.length, 'warning')}`;
  session.print([...all, `${what}: ${verdict}`].join('\n'));
}

async function show(session: Session): Promise<number> {
  const { env, folder } = session.terminal;
  const { showConfiguration } = await loadRuntime();
  const shown = showConfiguration({ environment: env, folder });
  if (session.json) session.printJson(shown);
  else {
    const rows = shown.settings.map((setting) => [setting.setting, setting.value, sourceText(folder, setting)]);
    // Whoever reads it from a pipe or a file wants all of it.
    const atMost = session.terminal.out.isTty ? undefined : Infinity;
    const column = (title: string, usual: number): Column => ({ title, atMost: atMost ?? usual });
    session.print(renderTable([column('setting', 60), column('value', 48), column('comes from', 60)], rows));
  }
  if (shown.errors === 0) return 0;
  const some = shown.errors === 1 ? 'one setting is' : `${shown.errors} settings are`;
  session.warn(`${some} wrong, and those of the file are left out here: riskflow config check`);
  return 2;
}

function sourceText(folder: string, { source }: ShownSetting): string {
  switch (source.kind) {
    case 'environment':
      return source.name;
    case 'file':
      return `${shortPath(folder, source.file)}:${source.line}`;
    case 'default':
      return 'default';
  }
}

/** From the working folder, for what lies in it. */
function shortPath(folder: string, file: string): string {
  const path = relative(folder, file);
  return path.startsWith('..') ? resolve(file) : path;
}
