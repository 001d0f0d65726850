import { Option, type Command } from 'commander';
import { RiskflowError } from '../../../schemas/core.ts';
import { addVerb, option, type Dispatch } from '../../declare.ts';
import type { Pairs } from '../../options/pairs.ts';
import { mapOption } from '../../options/shared.ts';
import { withApp, type Session, type Work } from '../../session.ts';

const places = () => [
  option('--file <FILE>', 'a file of records: NDJSON, CSV or Parquet, the first two also as .gz'),
  option('--directory <FOLDER>', 'every file of a folder, those that come later, too'),
  option('--stdin', 'what is piped into `source start`'),
  option('--push', 'what is sent to POST /sources/ID/records of `riskflow start`'),
  option('--kafka <BROKERS>', 'a topic of Kafka: HOST:PORT of some brokers, with commas between them'),
];

const shape = () => [
  option('--topic <TOPIC>', 'the topics of Kafka, with commas between them'),
  option('--registry <URL>', 'the schema registry by which the records of the topics are encoded'),
  option('--format <FORMAT>', 'of a file: ndjson, csv or parquet (default: by its name); of a topic without a registry: json or text'),
  option('--key <FIELD>', 'where the business key of a record is: a field, or a path such as report.id'),
  option('--subject <FIELD>', 'who or what a record is about; decisions about one subject come in order (default: the key)'),
  option('--category <FIELD>', 'its category, by which trends are counted'),
  option('--reporter <FIELD>', 'who has reported'),
  option('--event-time <FIELD>', 'when it happened (default: the timestamp of the source)'),
  new Option('--on-duplicate-key <RULE>', 'what becomes of a record whose key an earlier one has')
    .choices(['process', 'keep', 'replace'])
    .default('process'),
  option('--query <FIELD>', 'the field that a chat flow takes as its query (default: text)'),
  mapOption(),
];

const config = () => option('--config <FILE>', 'all of it in a file (YAML or JSON, docs/sources.md), instead of the options below');

export function addSourceCreation(source: Command, dispatch: Dispatch): void {
  addVerb(source, dispatch, {
    name: 'create [ID]',
    summary: 'create a source: where records come from and which flow decides them',
    args: { ID: 'name of the source (in the file with --config)' },
    options: [
      config(),
      option('--flow <FLOW>', 'FLOW (its latest version at each start), FLOW:VERSION, or a Dify DSL file'),
      ...places(),
      ...shape(),
    ],
    examples: [
      'riskflow source create reports --file reports.ndjson --flow report-triage --key id',
      'riskflow source create ads --file ads.csv.gz --flow ads.yml --map text=body --on-duplicate-key keep --key ad_id',
      'riskflow source create live --kafka 127.0.0.1:9092 --topic reports --registry http://127.0.0.1:8081 --flow report-triage --key id',
      'riskflow source create --config sources/reports.yml',
    ],
    notes: [
      'A source is created stopped: `source start` reads it. The same settings again write nothing; other settings under the same name are refused.',
      'Passwords never stand in settings: passwordEnv names the variable that holds one, passwordFile the file.',
    ],
    action: create,
  });
  addVerb(source, dispatch, {
    name: 'validate',
    summary: 'say everything that is wrong with the settings in a file, and create nothing',
    needed: [option('--config <FILE>', 'the file with the settings (YAML or JSON)')],
    examples: ['riskflow source validate --config sources/reports.yml'],
    action: validate,
  });
  addVerb(source, dispatch, {
    name: 'configure <ID>',
    summary: 'give a source other settings; where it reads stays as it is',
    args: { ID: 'name of the source' },
    needed: [option('--config <FILE>', 'a file with all of its settings (YAML or JSON)')],
    examples: ['riskflow source configure reports --config sources/reports.yml'],
    notes: [
      'Whoever works on the source goes on with the new settings within a second or two; records that are pending are decided with them.',
    ],
    action: configure,
  });
}

type CreateOptions = {
  readonly config?: string;
  readonly flow?: string;
  readonly file?: string;
  readonly directory?: string;
  readonly stdin?: boolean;
  readonly push?: boolean;
  readonly kafka?: string;
  readonly topic?: string;
  readonly registry?: string;
  readonly format?: string;
  readonly key?: string;
  readonly subject?: string;
  readonly category?: string;
  readonly reporter?: string;
  readonly eventTime?: string;
  readonly onDuplicateKey: string;
  readonly query?: string;
  readonly map?: Pairs;
};

async function create(session: Session, command: Command): Promise<number> {
  const options = command.opts<CreateOptions>();
  return withApp(session, async (work) => {
    const { runtime, context } = work;
    const request = await requestOf(work, command.args[0], options);
    const created = await runtime.createSource(context, request);
    if (session.json) session.printJson(created);
    else {
      const version = created.flowVersion === null ? 'its latest version at each start' : `version ${created.flowVersion.slice(0, 12)}`;
      const { connector } = created.settings;
      const where = 'path' in connector ? connector.path : connector.kind;
      session.print(
        `source ${created.sourceId} ${created.isNew ? 'is created' : 'was there already'}: ${where}, decided by ${created.flow}, ${version}`,
      );
    }
    return 0;
  });
}

async function requestOf(
  { runtime, context }: Work,
  id: string | undefined,
  options: CreateOptions,
): Promise<Parameters<Work['runtime']['createSource']>[1]> {
  if (options.config !== undefined) {
    const others = [
      ...PLACES,
      'topic',
      'registry',
      'format',
      'key',
      'subject',
      'category',
      'reporter',
      'eventTime',
      'query',
      'map',
    ] as const;
    const given = others.find((name) => options[name] !== undefined);
    if (given !== undefined)
      throw new RiskflowError('usage', `--config has all settings, so --${given.replace('eventTime', 'event-time')} does not go with it`, {
        hint: 'write it in the file',
      });
    const { name, flow, ...settings } = await runtime.readSourceFile(context, options.config, { flow: options.flow });
    if (id !== undefined && id !== name)
      throw new RiskflowError('usage', `the source in ${options.config} is called "${name}", not "${id}"`, {
        hint: 'leave one of them out',
      });
    return { sourceId: name, flow: options.flow ?? flow, settings };
  }
  if (id === undefined) throw new RiskflowError('usage', 'source create needs a name, or --config FILE');
  if (options.flow === undefined)
    throw new RiskflowError('usage', 'source create: the option --flow <FLOW> is required', {
      hint: 'riskflow source create --help tells more',
    });
  return { sourceId: id, flow: options.flow, settings: runtime.checkedSettings(id, settingsFrom(options)) };
}

const PLACES = ['file', 'directory', 'stdin', 'push', 'kafka'] as const;

/** The settings that the options stand for. */
function settingsFrom(options: CreateOptions): unknown {
  const { key, subject, category, reporter, eventTime, query, map = {}, onDuplicateKey } = options;
  const record = { inputs: map, ...defined({ key, subject, category, reporter, eventTime, query }) };
  return { connector: connectorFrom(options), record, onDuplicateKey };
}

function connectorFrom(options: CreateOptions): unknown {
  const given = PLACES.filter((name) => options[name] !== undefined);
  const [place] = given;
  if (given.length !== 1 || place === undefined) {
    const said =
      given.length === 0 ? 'no place to read from is named' : `${given.map((name) => `--${name}`).join(' and ')} do not go together`;
    throw new RiskflowError('usage', `source create: ${said}`, {
      hint: `name one: ${PLACES.map((name) => `--${name}`).join(', ')}, or all of it with --config FILE`,
    });
  }
  const { format, file, directory, kafka = '', topic, registry } = options;
  if (place === 'file') return { kind: 'file', path: file, ...defined({ format }) };
  if (place === 'directory') return { kind: 'directory', path: directory, ...defined({ format }) };
  if (place === 'stdin') return { kind: 'stdin', ...defined({ format }) };
  if (place === 'push') return { kind: 'push' };
  if (topic === undefined) throw new RiskflowError('usage', 'source create: --kafka needs --topic');
  const decoding = registry === undefined ? { kind: format ?? 'json' } : { kind: 'registry', registry: { url: registry } };
  return { kind: 'kafka', brokers: kafka.split(','), topics: topic.split(','), format: decoding };
}

const defined = (values: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));

async function validate(session: Session, command: Command): Promise<number> {
  const { config: path = '' } = command.opts<{ config?: string }>();
  return withApp(session, async ({ runtime, context }) => {
    const { name, flow, problems } = await runtime.validateSourceFile(context, path);
    if (session.json) session.printJson({ name, flow, problems });
    else if (problems.length === 0) session.print(`${path}: nothing is wrong with source ${name ?? ''}`);
    else {
      const hintOf = ({ hint }: { readonly hint?: string }): string => (hint === undefined ? '' : `\n  → ${hint}`);
      const lines = problems.map((each) => `${each.where === '' ? '' : `${each.where}: `}${each.message}${hintOf(each)}`);
      session.print([`${path}: ${lines.length === 1 ? '1 thing is' : `${lines.length} things are`} wrong`, ...lines].join('\n'));
    }
    return problems.length === 0 ? 0 : 2;
  });
}

async function configure(session: Session, command: Command): Promise<number> {
  const [sourceId = ''] = command.args;
  const { config: path = '' } = command.opts<{ config?: string }>();
  return withApp(session, async ({ runtime, context }) => {
    const { name, flow, ...settings } = await runtime.readSourceFile(context, path, { flow: null });
    if (name !== sourceId) throw new RiskflowError('usage', `the source in ${path} is called "${name}", not "${sourceId}"`);
    const { changed } = await runtime.configureSource(context, { sourceId, settings });
    if (session.json) session.printJson({ sourceId, changed });
    else session.print(changed ? `source ${sourceId} has other settings now` : `source ${sourceId} has these settings already`);
    if (changed)
      session.notice(`the flow that decides stays: riskflow flow promote ${flow} --source ${sourceId} --to live gives it another`);
    return 0;
  });
}
