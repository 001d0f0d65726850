import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import type { FlowReport, NodeReport, Said, Settings } from '../../runtime/index.ts';
import { addVerb, option, type Dispatch } from '../declare.ts';
import { mappingOption, readMapping } from '../options/mapping.ts';
import { oneLine } from '../output/visible-text.ts';
import { loadRuntime, withApp, type Session } from '../session.ts';

const SHORT = 12;

export function addFlowValidate(flow: Command, dispatch: Dispatch): void {
  addVerb(flow, dispatch, {
    name: 'validate <FILE>',
    summary: 'say, node by node, what of a Dify DSL file will not work or may race, without importing it',
    args: { FILE: 'a DSL file exported from Dify (.yml); any other file ends with a list of what is wrong with it, too' },
    options: [
      mappingOption(),
      option('--write-mapping <MAP.yml>', 'write a mapping file to fill in, with every model, knowledge base and tool that the file names'),
      option('--strict', 'exit code 1 also when a run would fail at some node'),
    ],
    examples: [
      'riskflow flow validate triage.yml',
      'riskflow flow validate triage.yml --json',
      'riskflow flow validate bot.yml --write-mapping map.yml',
      'riskflow flow validate bot.yml --mapping map.yml --strict',
    ],
    notes: [
      'Each node is ok, warning (it can be imported, and this is worth knowing) or error (the file cannot be imported for it).',
      'Exit code: 0 when the file can be imported, 1 when it cannot.',
    ],
    action: validate,
  });
}

type Options = { readonly mapping?: string; readonly writeMapping?: string; readonly strict?: boolean };

async function validate(session: Session, command: Command): Promise<number> {
  const [path = ''] = command.args;
  const options = command.opts<Options>();
  const { validateFlowFile, wouldFail, writeMappingFile, readSettings } = await loadRuntime();
  const settings = readSettings(session.terminal.env, session.terminal.folder);
  const mapping = await readMapping(session, options.mapping);
  const request = { path, ...(mapping === undefined ? {} : { mapping: mapping.file }) };
  const first = await validateFlowFile(settings, request);
  const known = first.needs.datasets.length === 0 ? [] : await knowledgeBases(session, settings);
  const report = known.length === 0 ? first : await validateFlowFile(settings, { ...request, hasDataset: (name) => known.includes(name) });
  const ok = report.version !== null;
  if (options.writeMapping !== undefined) {
    await writeMappingFile(options.writeMapping, report.needs);
    session.notice(`${options.writeMapping} is written: fill it in, and give it with --mapping`);
  }
  if (session.json) session.printJson({ file: path, ok, wouldFail: wouldFail(report), ...report, warnings: warningsOf(report) });
  else session.print([...headOf(path, report), ...report.nodes.flatMap((node) => nodeLines(node, session)), ...tailOf(report)].join('\n'));
  return ok && !(options.strict === true && wouldFail(report)) ? 0 : 1;
}

/** Names and ids of the knowledge bases there are here. Looking for them makes no data folder. */
async function knowledgeBases(session: Session, { storage }: Settings): Promise<readonly string[]> {
  if (storage.kind === 'sqlite' && !existsSync(storage.folder)) return [];
  const rows = await withApp(session, ({ runtime, context }) => runtime.listKnowledge(context));
  return rows.flatMap(({ dataset, id }) => [dataset, id]);
}

/** All warnings as sentences that stand alone, as flow import keeps them. */
const warningsOf = ({ said, nodes }: FlowReport): readonly string[] => [
  ...said.filter(isWarning).map(({ message }) => message),
  ...nodes.flatMap((node) => node.said.filter(isWarning).map(({ message }) => `node ${nameOf(node)}: ${message}`)),
];
const isWarning = ({ severity }: Said): boolean => severity === 'warning';

const nameOf = ({ id, title }: NodeReport): string => (title === id ? `"${id}"` : `"${oneLine(title)}" (${id})`);

function headOf(path: string, { flow, mode, version, nodes, said }: FlowReport): readonly string[] {
  const verdict = version === null ? 'cannot be imported' : 'can be imported';
  const named =
    flow === null
      ? path
      : `${oneLine(flow)} (${[mode, `${nodes.length} nodes`, ...(version === null ? [] : [`version ${version.slice(0, SHORT)}`])].join(', ')})`;
  return [`${named} ${verdict}`, ...said.map((one) => `  ${sentence(one)}`)];
}

const sentence = ({ severity, message }: Said): string => `${severity}: ${oneLine(message)}`;

const STATES = { ok: 'green', warning: 'yellow', error: 'red' } as const;
const WIDEST = 'warning'.length;

function nodeLines(node: NodeReport, { style }: Session): readonly string[] {
  const state = style[STATES[node.state]](node.state.padEnd(WIDEST));
  return [`  ${state}  ${nameOf(node)} ${style.dim(node.type)}`, ...node.said.map((one) => `  ${' '.repeat(WIDEST)}  ${sentence(one)}`)];
}

function tailOf({ races, needs, version }: FlowReport): readonly string[] {
  const outside = [
    [needs.models.length, 'models'],
    [needs.datasets.length, 'knowledge bases'],
    [needs.tools.length, 'tools'],
  ] as const;
  const named = outside.filter(([count]) => count > 0).map(([count, what]) => `${what}: ${count}`);
  const hint =
    named.length === 0 || version === null ? [] : [`named from outside: ${named.join(', ')}; --write-mapping MAP.yml lists them`];
  return [...races.map((race) => `  race: ${oneLine(race)}`), ...hint];
}
