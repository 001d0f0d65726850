import type { Command } from 'commander';
import { RiskflowError } from '../../schemas/core.ts';
import { addNoun, addVerb, option, type Dispatch } from '../declare.ts';
import { addFlowDiff } from './flow-diff.ts';
import { addFlowExport } from './flow-export.ts';
import { addFlowNew } from './flow-new.ts';
import { addFlowPromote } from './flow-promote.ts';
import { addFlowValidate } from './flow-validate.ts';
import { mappingOption, readMapping } from '../options/mapping.ts';
import { renderTable } from '../output/table.ts';
import { withApp, type Session } from '../session.ts';

const SHORT = 12;

export function addFlowCommands(program: Command, dispatch: Dispatch): void {
  const flow = addNoun(program, 'flow', 'import, check, compare, export and list flows');
  addVerb(flow, dispatch, {
    name: 'import <FILE>',
    summary: 'publish a Dify DSL file as a version of its flow',
    args: { FILE: 'a DSL file exported from Dify (.yml)' },
    options: [option('--flow <NAME>', 'name of the flow (default: the name of the app in the file)'), mappingOption()],
    examples: [
      'riskflow flow import triage.yml',
      'riskflow flow import triage.yml --flow report-triage --json',
      'riskflow flow import bot.yml --mapping map.yml',
    ],
    notes: [
      'The same content gives the same version, whatever the file is called: importing it again writes nothing.',
      'What --mapping replaces is part of the version.',
    ],
    action: importFlow,
  });
  addFlowValidate(flow, dispatch);
  addVerb(flow, dispatch, {
    name: 'list',
    summary: 'list flows and their versions, the latest first',
    examples: ['riskflow flow list', 'riskflow flow list --json'],
    action: list,
  });
  addFlowDiff(flow, dispatch);
  addFlowExport(flow, dispatch);
  addFlowNew(flow, dispatch);
  addFlowPromote(flow, dispatch);
}

async function importFlow(session: Session, command: Command): Promise<number> {
  const [path = ''] = command.args;
  const { flow: flowName, mapping: mapFile } = command.opts<{ flow?: string; mapping?: string }>();
  if (flowName !== undefined && flowName.trim() === '') {
    throw new RiskflowError('usage', 'flow import: --flow needs a name, and it is empty', {
      hint: 'leave it out to take the name of the app in the file',
    });
  }
  const mapping = await readMapping(session, mapFile);
  return withApp(session, async ({ runtime, context }) => {
    const published = await runtime.publishFlowFile(context, path, {
      ...(flowName === undefined ? {} : { flowName }),
      ...(mapping === undefined ? {} : { mapping: runtime.mappingFor(mapping.file, mapping.settings, { models: true }) }),
    });
    const { flow, version, meaningHash, warnings, fileName, isNew } = published;
    for (const warning of warnings) session.warn(warning);
    if (session.json) session.printJson({ flow, version, meaningHash, isNew, fileName, warnings });
    else session.print(`${flow} version ${version.slice(0, SHORT)} ${isNew ? 'is published' : 'was there already'}`);
    return 0;
  });
}

async function list(session: Session): Promise<number> {
  return withApp(session, async ({ runtime, context }) => {
    const flows = await runtime.listFlows(context);
    if (session.json) {
      session.printJson({
        flows: flows.map(({ flow, mode, latestVersion, history }) => ({
          flow,
          mode,
          latestVersion,
          versions: history.toReversed().map(shown),
        })),
      });
      return 0;
    }
    const rows = flows.flatMap(({ flow, mode, history }) =>
      history.toReversed().map((row) => [flow, row.version.slice(0, SHORT), mode, row.fileName ?? '', row.warnings.length]),
    );
    if (rows.length === 0) session.notice('no flow is published yet: riskflow flow import FILE.yml');
    else
      session.print(
        renderTable(
          [{ title: 'flow' }, { title: 'version' }, { title: 'mode' }, { title: 'file' }, { title: 'warnings', align: 'right' }],
          rows,
        ),
      );
    return 0;
  });
}

type Version = {
  readonly version: string;
  readonly meaningHash: string;
  readonly dslVersion: string;
  readonly fileName: string | null;
  readonly warnings: readonly string[];
};

const shown = ({ version, meaningHash, dslVersion, fileName, warnings }: Version): Version => ({
  version,
  meaningHash,
  dslVersion,
  fileName,
  warnings,
});
