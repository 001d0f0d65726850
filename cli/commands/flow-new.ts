import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { RiskflowError } from '../../schemas/core.ts';
import { addVerb, option, type Dispatch } from '../declare.ts';
import { FLOW_TEMPLATES, type FlowTemplate } from '../flow-templates.ts';
import { installFolder } from '../install-folder.ts';
import { renderTable } from '../output/table.ts';
import { checkWritable } from '../read-text-file.ts';
import type { Session } from '../session.ts';

export function addFlowNew(flow: Command, dispatch: Dispatch): void {
  addVerb(flow, dispatch, {
    name: 'new',
    summary: 'begin a flow from one of the examples',
    options: [
      option('--template <NAME>', `which: ${FLOW_TEMPLATES.map(({ name }) => name).join(', ')}`),
      option('--out <FILE>', 'the file to write (default: NAME.yml; - prints it)'),
      option('--list', 'list the templates'),
    ],
    examples: [
      'riskflow flow new --list',
      'riskflow flow new --template triage',
      'riskflow flow new --template chat --out support-bot.yml',
    ],
    notes: ['The file is an ordinary Dify DSL file: edit it here or in Dify. Existing files are not overwritten.'],
    action: newFlow,
  });
}

type Options = { readonly template?: string; readonly out?: string; readonly list?: boolean };

async function newFlow(session: Session, command: Command): Promise<number> {
  const options = command.opts<Options>();
  if (options.list === true) return listTemplates(session);
  const known = FLOW_TEMPLATES.map(({ name }) => name).join(', ');
  if (options.template === undefined)
    throw new RiskflowError('usage', 'flow new needs the name of a template: --template NAME', { hint: `there are: ${known}` });
  const template = FLOW_TEMPLATES.find(({ name }) => name === options.template);
  if (template === undefined)
    throw new RiskflowError('usage', `there is no template "${options.template}"`, { hint: `there are: ${known}` });
  const text = await readFile(join(installFolder(), 'examples', template.file), 'utf8');
  if (options.out === '-' && !session.json) {
    session.terminal.out.write(text);
    return 0;
  }
  const out = options.out ?? `${template.name}.yml`;
  const file = out === '-' ? null : await writeNew(session, out, text);
  if (session.json) session.printJson({ template: template.name, file, ...(file === null ? { text } : {}) });
  else session.print(`${out} is written; ${template.next.replaceAll('FILE', out)}`);
  return 0;
}

async function writeNew(session: Session, out: string, text: string): Promise<string> {
  const file = await checkWritable(session.terminal, { option: '--out', path: out });
  try {
    await writeFile(file, text, { flag: 'wx' });
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'EEXIST')) throw cause;
    throw new RiskflowError('usage', `${out} is there already, and is not overwritten`, { cause, hint: 'name another file with --out' });
  }
  return file;
}

function listTemplates(session: Session): number {
  const shown = ({ name, summary, file }: FlowTemplate) => ({ name, summary, file: `examples/${file}` });
  if (session.json) session.printJson({ templates: FLOW_TEMPLATES.map(shown) });
  else
    session.print(
      renderTable(
        [{ title: 'template' }, { title: 'what it does', atMost: 90 }],
        FLOW_TEMPLATES.map(({ name, summary }) => [name, summary]),
      ),
    );
  return 0;
}
