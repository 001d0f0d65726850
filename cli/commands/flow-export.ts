import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { addVerb, option, type Dispatch } from '../declare.ts';
import { checkWritable } from '../read-text-file.ts';
import { withApp, type Session } from '../session.ts';

export function addFlowExport(flow: Command, dispatch: Dispatch): void {
  addVerb(flow, dispatch, {
    name: 'export <FLOW>',
    summary: 'write a flow as a DSL file that Dify imports',
    args: { FLOW: 'FLOW (its latest version), FLOW:VERSION, or a Dify DSL file, such as one of an old format' },
    options: [option('--out <FILE>', 'the file to write (default: print it)')],
    examples: [
      'riskflow flow export triage > triage.yml',
      'riskflow flow export triage:3fa9 --out triage-v1.yml',
      'riskflow flow export old-bot.yml --out bot.yml',
    ],
    notes: ['Values of secrets are blank in it. Imported here again it is the same version of the flow.'],
    action: exportFlow,
  });
}

async function exportFlow(session: Session, command: Command): Promise<number> {
  const [reference = ''] = command.args;
  const { out } = command.opts<{ out?: string }>();
  const file = out === undefined ? null : await checkWritable(session.terminal, { option: '--out', path: out });
  return withApp(session, async ({ runtime, context }) => {
    const { text, version, definition } = await runtime.exportedFlow(context, reference);
    if (file !== null) await writeFile(file, text);
    if (session.json) session.printJson({ flow: definition.name, version, file, ...(file === null ? { text } : {}) });
    else if (file === null) session.terminal.out.write(text);
    else session.print(`${definition.name} is written to ${out ?? file}`);
    return 0;
  });
}
