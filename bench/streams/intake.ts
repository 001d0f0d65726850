import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createSource } from '../../runtime/commands/sources/create-source.ts';
import { controlSource } from '../../runtime/commands/sources/control-source.ts';
import { openApp, readSettings, runSource, type App } from '../../runtime/index.ts';
import { readSource } from '../../runtime/streams/intake/read-source.ts';
import { watchSource } from '../../runtime/streams/source-watch.ts';
import { connectSourceClient } from '../../runtime/temporal/source-client.ts';
import { sourceSettings } from '../../schemas/index.ts';
import { makeDatabase } from '../../tests/stack/own-database.ts';
import { printFigures } from '../print.ts';
import { insertPlainly } from './plain-insert.ts';
import { consumePlainly, fillTopic, type BenchTopic } from './topic.ts';

const project = resolve(import.meta.dirname, '..', '..');
const FLOW = resolve(project, 'examples', 'report-triage', 'triage-rules.yml');
const SOURCE = 'bench';

/** Intake of Avro records from Kafka into MySQL beside what both do by themselves, and what is decided a second by rules alone. */
export async function benchIntake({ records, decisions }: { readonly records: number; readonly decisions: number }): Promise<void> {
  const environment = process.env;
  const brokers = needed(environment, 'RISKFLOW_TEST_KAFKA_BROKERS');
  const registry = needed(environment, 'RISKFLOW_TEST_REGISTRY_URL');
  const mysql = needed(environment, 'RISKFLOW_TEST_MYSQL_URL');
  const temporal = needed(environment, 'RISKFLOW_TEST_TEMPORAL_ADDRESS');
  const folder = mkdtempSync(join(tmpdir(), 'riskflow-bench-'));
  const database = await makeDatabase(mysql);
  const topic = await fillTopic(brokers, registry, records);
  try {
    const plainRead = await consumePlainly(topic, records);
    const plainWrite = await insertPlainly(database.url, records);
    const config = join(folder, 'riskflow.yml');
    writeFileSync(config, JSON.stringify({ temporal: { address: temporal, taskQueue: database.name } }));
    const settings = { PATH: environment['PATH'] ?? '', RISKFLOW_MYSQL_URL: database.url, RISKFLOW_CONFIG: config, RISKFLOW_DATA: folder };
    const app = await openApp(readSettings(settings, folder), { actor: 'bench' });
    const durability = await app.context.storage.settings();
    const intake = await intakeRate(app, { topic, brokers, registry, records });
    const produced = await decideOnTemporal(app, { settings, most: records });
    await app.close();
    const embedded = await decideEmbedded(folder, decisions);
    const ratio = (rate: number, of: number): string => `${Math.round(rate).toLocaleString('en')}/s, ${(rate / of).toFixed(2)} × `;
    printFigures(`Streams: ${records} Avro records of 8 partitions, all servers on this machine\nMySQL: ${text(durability)}`, [
      { what: 'plain kafkajs: consume and decode', measured: rate(plainRead), budget: '', holds: null },
      { what: 'plain MySQL: batches of 500', measured: rate(plainWrite), budget: '', holds: null },
      {
        what: 'intake: Kafka to inbox, mapped and checked',
        measured: `${ratio(intake, plainRead)}of plain reading`,
        budget: '≥ 10,000/s',
        holds: intake >= 10_000,
      },
      { what: 'decisions by rules, MySQL, a Temporal worker', measured: rate(produced), budget: '', holds: null },
      { what: 'decisions by rules, embedded, from a file', measured: rate(embedded), budget: '', holds: null },
    ]);
  } finally {
    await topic.remove();
    await database.drop();
    rmSync(folder, { recursive: true, force: true });
  }
}

const rate = (perSecond: number): string => `${Math.round(perSecond).toLocaleString('en')}/s`;
const text = (settings: Readonly<Record<string, string>>): string =>
  Object.entries(settings)
    .map(([name, value]) => `${name}=${value}`)
    .join(', ');

function needed(environment: NodeJS.ProcessEnv, variable: string): string {
  const value = environment[variable];
  if (value === undefined || value === '') throw new Error(`${variable} is not set: npm run stack -- up prints it`);
  return value;
}

type Intake = { readonly topic: BenchTopic; readonly brokers: string; readonly registry: string; readonly records: number };

/** Records a second from the first chunk to the last; joining the group takes what it takes. */
async function intakeRate({ context }: App, { topic, brokers, registry, records }: Intake): Promise<number> {
  const settings = sourceSettings.parse({
    connector: { kind: 'kafka', brokers: [brokers], topics: [topic.name], format: { kind: 'registry', registry: { url: registry } } },
    record: { key: 'id', subject: 'account', category: 'category', reporter: 'reporter', eventTime: 'at' },
  });
  await createSource(context, { sourceId: SOURCE, flow: FLOW, settings });
  const watch = await watchSource(context, SOURCE);
  let began = 0;
  let first = 0;
  let ended = 0;
  await readSource(context, {
    watch,
    inputs: {},
    signal: AbortSignal.timeout(300_000),
    onNotice: (sentence) => process.stderr.write(`${sentence}\n`),
    onCount: ({ records: taken }) => {
      if (began === 0) [began, first] = [performance.now(), taken];
      if (taken === records) ended = performance.now();
    },
    untilCaughtUp: true,
    unbounded: true,
  });
  return (records - first) / ((ended - began) / 1000);
}

/** Decisions a second of one worker process that decides what waits in the inbox. */
async function decideOnTemporal(
  app: App,
  { settings, most }: { readonly settings: Readonly<Record<string, string>>; readonly most: number },
): Promise<number> {
  const { context } = app;
  const worker = spawn(join(project, 'riskflow'), ['worker', '--json', '--http', '127.0.0.1:0'], {
    env: settings,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const client = await connectSourceClient(context);
  const decided = async (): Promise<number> => (await context.storage.inbox.counts(context.workspaceId, SOURCE)).decided;
  try {
    await new Promise<void>((ready) => worker.stdout.once('data', () => ready()));
    await controlSource(context, SOURCE, { wish: 'run', reason: 'bench' });
    await client.keepDeciding(SOURCE);
    while ((await decided()) < most * 0.05) await delay(50);
    const [before, began] = [await decided(), performance.now()];
    // Long enough for a figure, and not for all of them.
    while ((await decided()) < most && performance.now() - began < 20_000) await delay(100);
    return ((await decided()) - before) / ((performance.now() - began) / 1000);
  } finally {
    await controlSource(context, SOURCE, { wish: 'stop', reason: 'bench' });
    await client.close();
    worker.kill('SIGTERM');
    await new Promise<void>((over) => worker.once('close', () => over()));
  }
}

/** Decisions a second of one process over a file of records, reading included. */
async function decideEmbedded(folder: string, count: number): Promise<number> {
  const file = join(folder, 'records.ndjson');
  const line = (i: number): string =>
    JSON.stringify({ id: `r-${i}`, account: `acct-${i % 997}`, text: `text ${i}, you have won, reply now` });
  writeFileSync(file, Array.from({ length: count }, (_, i) => `${line(i)}\n`).join(''));
  const app = await openApp(readSettings({ RISKFLOW_DATA: join(folder, 'embedded') }, folder), { actor: 'bench' });
  try {
    const settings = sourceSettings.parse({ connector: { kind: 'file', path: file }, record: { key: 'id', subject: 'account' } });
    await createSource(app.context, { sourceId: SOURCE, flow: FLOW, settings });
    const began = performance.now();
    const run = await runSource(app.context, SOURCE);
    if (run.decided !== count) throw new Error(`${run.decided} of ${count} records were decided`);
    return count / ((performance.now() - began) / 1000);
  } finally {
    await app.close();
  }
}
