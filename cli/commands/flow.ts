import type { Command } from 'commander';
import { RiskflowError } from '../../schemas/core.ts';
import { addNoun, addVerb, option, type Dispatch } from '../declare.ts';
import { addFlowPromote } from './flow-promote.ts';
import { renderTable } from '../output/table.ts';
import { loadRuntime, withApp, type Session } from '../session.ts';

const SHORT = 12;

export function addFlowCommands(program: Command, dispatch: Dispatch): void {
  const flow = addNoun(program, 'flow', 'import, check and list flows');
  addVerb(flow, dispatch, {
    name: 'import <FILE>',
    summary: 'publish a Dify DSL file as a version of its flow',
    args: { FILE: 'a DSL file exported from Dify (.yml)' },
    options: [option('--flow <NAME>', 'name of the flow (default: the name of the app in the file)')],
    examples: ['riskflow flow import triage.yml', 'riskflow flow import triage.yml --flow report-triage --json'],
    notes: ['The same content gives the same version, whatever the file is called: importing it again writes nothing.'],
    action: importFlow,
  });
  addVerb(flow, dispatch, {
    name: 'validate <FILE>',
    summary: 'say what of a Dify DSL file will not work or may race, without importing it',
    args: { FILE: 'a DSL file exported from Dify (.yml)' },
    examples: ['riskflow flow validate triage.yml', 'riskflow flow validate triage.yml --json'],
    action: validate,
  });
  addVerb(flow, dispatch, {
    name: 'list',
    summary: 'list flows and their versions, the latest first',
    examples: ['riskflow flow list', 'riskflow flow list --json'],
    action: list,
  });
  addFlowPromote(flow, dispatch);
}

async function importFlow(session: Session, command: Command): Promise<number> {
  const [path = ''] = command.args;
  const { flow: flowName } = command.opts<{ flow?: string }>();
  if (flowName !== undefined && flowName.trim() === '') {
    throw new RiskflowError('usage', 'flow import: --flow needs a name, and it is empty', {
      hint: 'leave it out to take the name of the app in the file',
    });
  }
  return withApp(session, async ({ runtime, context }) => {
    const published = await runtime.publishFlowFile(context, path, flowName === undefined ? {} : { flowName });
    const { flow, version, meaningHash, warnings, fileName, isNew } = published;
    for (const warning of warnings) session.warn(warning);
    if (session.json) session.printJson({ flow, version, meaningHash, isNew, fileName, warnings });
    else session.print(`${flow} version ${version.slice(0, SHORT)} ${isNew ? 'is published' : 'was there already'}`);
    return 0;
  });
}

async function validate(session: Session, command: Command): Promise<number> {
  const [path = ''] = command.args;
  const { readFlowFile, flowRaces } = await loadRuntime();
  const { plan, version, warnings } = (await readFlowFile(path)).flow;
  const races = flowRaces(plan);
  if (session.json) {
    session.printJson({ file: path, flow: plan.flow, mode: plan.mode, version, nodes: plan.nodes.length, warnings, races });
    return 0;
  }
  const findings = [...warnings.map((warning) => `warning: ${warning}`), ...races.map((race) => `race: ${race}`)];
  session.print(`${plan.flow} (${plan.mode}, ${plan.nodes.length} nodes, version ${version.slice(0, SHORT)}) can be imported`);
  for (const finding of findings) session.print(`  ${finding}`);
  return 0;
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
