import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Kafka, logLevel } from 'kafkajs';
import { afterEach, describe, expect, it } from 'vitest';
import { openApp, readSettings, type Context } from '../../runtime/index.ts';
import { rulesFlow } from '../../runtime/streams/source-rig.ts';
import { riskflow, startRiskflow, testEnvironment, type Finished, type Started } from '../riskflow-process.ts';
import { alertRuns, expectCountedAsSent, expectOneAlert, killHard, startHook, until, type Told } from '../trend-checks.ts';
import { PARTITIONS, SCENARIO_RULES, trendScenario, type Report } from '../trend-scenario.ts';
import { makeDatabase } from './own-database.ts';

/**
 * `npm run soak` runs it with more. Fewer have no time before the wave that it could be compared with; of many more, read in one go and out of
 * order, the texts of the wave are not among the newest 5,000 records, where a report looks for them.
 */
const RECORDS = Math.min(40_000, Math.max(2_000, Number(process.env['RISKFLOW_SOAK_RECORDS'] ?? 0)));
const LIMIT_MS = 240_000 + RECORDS * 10;
const IDLE_SECONDS = 6;
const SOURCE = 'reports';

const mysql = process.env['RISKFLOW_TEST_MYSQL_URL'] ?? '';
const broker = (process.env['RISKFLOW_TEST_KAFKA_BROKERS'] ?? '').split(',')[0] ?? '';
const missing = mysql === '' || broker === '';
const reason = missing ? ' (left out: RISKFLOW_TEST_MYSQL_URL or RISKFLOW_TEST_KAFKA_BROKERS is not set)' : '';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

describe.skipIf(missing)(`trends of a stream whose readers die${reason}`, () => {
  it(
    `of ${RECORDS} records and some that are late, repeated or wrong: panes equal those counted from scratch, and one spike is one alert`,
    { timeout: LIMIT_MS },
    async () => {
      const rig = await openRig();
      const { context, produce } = rig;
      const scenario = trendScenario({ count: RECORDS, start: Math.floor(Date.now() / 60_000) * 60_000 - (RECORDS / 10 + 120) * 60_000 });
      const sent: Report[] = [];
      const send = async (reports: readonly Report[]): Promise<void> => {
        sent.push(...reports);
        await produce(reports);
      };
      const created = await rig.cli(['source', 'create', '--config', rig.settingsFile]);
      expect(created).toMatchObject({ code: 0 });
      expect(await rig.cli(['source', 'start', SOURCE, '--detach'])).toMatchObject({ code: 0 });

      // One partition speaks once, and is idle from then on.
      const first = await rig.start();
      await send(scenario.first);
      await counted(context, sent.length);
      while ((await partitionsWaitedFor(context)) === PARTITIONS) {
        await send(scenario.first.slice(0, -1).map((each, i) => ({ ...each, id: `again-${sent.length}-${i}` })));
        await delay(1_000);
      }

      const half = Math.floor(scenario.reports.length * 0.5);
      await send(scenario.reports.slice(0, half));
      await counted(context, half * 0.4);
      await killHard(first);
      // What it had read and not committed comes again; the broker waits for its session to end.
      const second = await rig.start();
      const third = await rig.start();
      await send(scenario.reports.slice(half));
      await read(context, sent.length - scenario.withoutTime);
      for (let step = 0; step < 3; step++) await send(scenario.closing(step));
      const all = sent.length - scenario.withoutTime;
      await read(context, all);
      // Whoever counts dies in the middle of it, or of telling what it has found.
      await killHard((await counterPid(context)) === second.child.pid ? second : third);
      await counted(context, all);

      const told = await rig.topicTold(2);
      await until(() => rig.hooked().length >= 2);
      await until(async () => (await alertRuns(context)).some(({ status }) => status === 'succeeded'));

      await expectCountedAsSent(rig, { sourceId: SOURCE, sent, withoutTime: scenario.withoutTime });
      await expectOneAlert(rig, { sourceId: SOURCE, scenario, told: [told, rig.hooked()] });
    },
  );
});

async function openRig() {
  const database = await makeDatabase(mysql);
  closing.push(() => database.drop());
  const folder = mkdtempSync(join(tmpdir(), 'riskflow-trends-'));
  closing.push(() => rmSync(folder, { recursive: true, force: true }));
  const name = randomBytes(5).toString('hex');
  const [topic, alerts] = [`reports-${name}`, `alerts-${name}`];
  const hook = await startHook();
  closing.push(hook.close);
  const config = join(folder, 'riskflow.yml');
  const sinks = {
    topic: { kind: 'kafka', brokers: [broker], topic: alerts, events: ['alert'] },
    hook: { kind: 'webhook', url: hook.url, secretEnv: 'HOOK_SECRET', events: ['alert'] },
  };
  writeFileSync(config, JSON.stringify({ sinks }));
  const environment = testEnvironment(join(folder, 'data'), {
    RISKFLOW_MYSQL_URL: database.url,
    RISKFLOW_CONFIG: config,
    HOOK_SECRET: `whsec_${randomBytes(24).toString('base64')}`,
  });
  const cli = (args: readonly string[]): Promise<Finished> => riskflow(args, environment);
  expect(await cli(['flow', 'import', 'examples/situation-report/situation-report.yml'])).toMatchObject({ code: 0 });
  const flow = join(folder, 'rules.yml');
  writeFileSync(flow, rulesFlow());
  const settingsFile = join(folder, 'source.json');
  writeFileSync(
    settingsFile,
    JSON.stringify({
      name: SOURCE,
      flow,
      connector: { kind: 'kafka', brokers: [broker], topics: [topic], group: `riskflow-${name}`, format: { kind: 'json' } },
      record: { key: 'id', subject: 'account', category: 'category', reporter: 'reporter', eventTime: 'at' },
      trends: { latenessSeconds: 120, idleSeconds: IDLE_SECONDS, rules: SCENARIO_RULES, onAlert: 'situation-report' },
    }),
  );
  const kafka = new Kafka({ clientId: 'test', brokers: [broker], logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  closing.push(async () => {
    await admin.deleteTopics({ topics: [topic, alerts] }).catch(() => undefined);
    await admin.disconnect();
  });
  await admin.createTopics({
    topics: [
      { topic, numPartitions: PARTITIONS },
      { topic: alerts, numPartitions: 1 },
    ],
  });
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  closing.push(() => producer.disconnect());
  const app = await openApp(readSettings(environment, folder), { actor: 'tester' });
  closing.push(() => app.close());
  return {
    cli,
    settingsFile,
    context: app.context,
    hooked: hook.messages,
    topicTold: (atLeast: number) => consume(kafka, alerts, atLeast),
    produce: async (reports: readonly Report[]): Promise<void> => {
      for (let at = 0; at < reports.length; at += 200) {
        const messages = reports.slice(at, at + 200).map(({ partition, at: time, ...rest }) => ({
          partition,
          key: rest.id,
          value: JSON.stringify(time === null ? rest : { ...rest, at: new Date(time).toISOString() }),
        }));
        await producer.send({ topic, messages, acks: -1 });
      }
    },
    start: async (): Promise<Started> => {
      const started = startRiskflow(['start', '--json', '--no-listen', '--http', '127.0.0.1:0'], environment);
      closing.push(() => killHard(started));
      await new Promise<void>((resolve, reject) => {
        started.child.stdout?.on('data', (text: string) => (String(text).includes('}') ? resolve() : undefined));
        started.finished.then(({ stderr }) => reject(new Error(`it ended: ${stderr}`)), reject);
      });
      return started;
    },
  };
}

/** What is on a topic of one partition, once so many different messages are. */
async function consume(kafka: Kafka, topic: string, atLeast: number): Promise<readonly Told[]> {
  const found: Told[] = [];
  const consumer = kafka.consumer({ groupId: `check-${randomBytes(4).toString('hex')}` });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachMessage: ({ message: { value, headers } }) => {
      found.push({ id: String(headers?.['alert-id']), body: JSON.parse(String(value)) as Told['body'] });
      return Promise.resolve();
    },
  });
  await until(() => new Set(found.map(({ id }) => id)).size >= atLeast);
  await consumer.disconnect();
  return found;
}

const read = (context: Context, count: number): Promise<void> =>
  until(async () => (await context.storage.inbox.lastArrival('default', SOURCE)) >= count);
const counted = (context: Context, count: number): Promise<void> =>
  until(async () => ((await context.storage.trends.progress('default', SOURCE))?.arrival ?? 0) >= count);

async function partitionsWaitedFor(context: Context): Promise<number> {
  const { state = '{}' } = (await context.storage.trends.progress('default', SOURCE)) ?? {};
  return ((JSON.parse(state) as { readonly partitions?: readonly unknown[] }).partitions ?? []).length;
}

async function counterPid(context: Context): Promise<number | undefined> {
  return (await context.storage.leases.read('default', `source/${SOURCE}/trends`))?.pid;
}
