import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { Kafka, logLevel, type Admin, type Message } from 'kafkajs';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { describe, expect, it } from 'vitest';
import { milvusVersion } from '../../scripts/stack/milvus/version.ts';
import { TEMPORAL_VERSIONS } from '../../scripts/stack/servers/temporal.ts';

/** The value of a variable that `npm run stack -- up` prints; a test without it is left out, and the name of its group says so. */
const variables = {
  temporal: process.env['RISKFLOW_TEST_TEMPORAL_ADDRESS'],
  ui: process.env['RISKFLOW_TEST_TEMPORAL_UI'],
  temporalMetrics: process.env['RISKFLOW_TEST_TEMPORAL_METRICS'],
  mysql: process.env['RISKFLOW_TEST_MYSQL_URL'],
  kafka: process.env['RISKFLOW_TEST_KAFKA_BROKERS'],
  registry: process.env['RISKFLOW_TEST_REGISTRY_URL'],
  milvus: process.env['RISKFLOW_TEST_MILVUS_ADDRESS'],
  prometheus: process.env['RISKFLOW_TEST_PROMETHEUS_URL'],
  targets: process.env['RISKFLOW_TEST_PROMETHEUS_TARGETS'],
} as const;

type Variable = keyof typeof variables;

function group(title: string, needed: readonly Variable[], body: (value: (name: Variable) => string) => void): void {
  const missing = needed.filter((name) => variables[name] === undefined);
  const reason = missing.length === 0 ? '' : ` (left out: not told where ${missing.join(', ')} is)`;
  describe.skipIf(missing.length > 0)(`${title}${reason}`, { timeout: 60_000 }, () => {
    body((name) => variables[name] ?? '');
  });
}

const unique = (): string => `riskflow_test_${randomBytes(6).toString('hex')}`;

async function json(url: string, request: RequestInit = {}): Promise<unknown> {
  const response = await fetch(url, request);
  const text = await response.text();
  expect(response.ok, `${url}: ${response.status} ${text}`).toBe(true);
  return JSON.parse(text);
}

group('Temporal', ['temporal', 'ui', 'temporalMetrics'], (value) => {
  it('is of the version of the container, and has the namespace that workers use', async () => {
    const connection = await Connection.connect({ address: value('temporal') });
    try {
      const { serverVersion } = await connection.workflowService.getSystemInfo({});
      expect(serverVersion).toBe(TEMPORAL_VERSIONS.server);
      const { namespaceInfo } = await connection.workflowService.describeNamespace({ namespace: 'default' });
      expect(namespaceInfo?.name).toBe('default');
    } finally {
      await connection.close();
    }
  });

  it('shows its UI, which reads from the same server', async () => {
    const settings = await json(`${value('ui')}/api/v1/settings`);
    expect(settings).toMatchObject({ Version: TEMPORAL_VERSIONS.ui });
    const { namespaces } = (await json(`${value('ui')}/api/v1/namespaces`)) as { namespaces: { namespaceInfo: { name: string } }[] };
    expect(namespaces.map(({ namespaceInfo }) => namespaceInfo.name)).toContain('default');
  });

  it('tells its metrics', async () => {
    const text = await (await fetch(value('temporalMetrics'))).text();
    expect(text).toMatch(/^service_requests\{/m);
  });
});

group('MySQL', ['mysql'], (value) => {
  it('lets nobody in without the password, and stores a row', async () => {
    const url = new URL(value('mysql'));
    const name = unique();
    const connection = await createConnection(url.href);
    try {
      await connection.query(`CREATE DATABASE ${name}`);
      await connection.query(`CREATE TABLE ${name}.words (word VARCHAR(20) CHARACTER SET utf8mb4 PRIMARY KEY) ENGINE=InnoDB`);
      await connection.query(`INSERT INTO ${name}.words VALUES ('风险')`);
      const [rows] = await connection.query<RowDataPacket[]>(`SELECT word, CHAR_LENGTH(word) AS length FROM ${name}.words`);
      expect(rows).toEqual([{ word: '风险', length: 2 }]);
    } finally {
      await connection.query(`DROP DATABASE IF EXISTS ${name}`);
      await connection.end();
    }
    url.password = 'wrong';
    await expect(createConnection(url.href)).rejects.toMatchObject({ code: 'ER_ACCESS_DENIED_ERROR' });
  });
});

group('Kafka', ['kafka'], (value) => {
  const client = (): Kafka => new Kafka({ brokers: value('kafka').split(','), logLevel: logLevel.NOTHING });
  // Not `waitForLeaders`: the client gives up when it asks before the broker has heard of the topic.
  const makeTopic = async (admin: Admin, topic: string, numPartitions: number): Promise<void> => {
    await admin.createTopics({ topics: [{ topic, numPartitions }], waitForLeaders: false });
    const led = async (): Promise<number> => {
      const found = await admin.fetchTopicMetadata({ topics: [topic] }).catch(() => ({ topics: [] }));
      return found.topics.flatMap(({ partitions }) => partitions).filter(({ leader }) => leader >= 0).length;
    };
    await expect.poll(led, { timeout: 20_000 }).toBe(numPartitions);
  };

  it('gives back what was produced, in order and with its keys, to a group that begins at the start', async () => {
    const kafka = client();
    const topic = unique();
    const [admin, producer, consumer] = [kafka.admin(), kafka.producer(), kafka.consumer({ groupId: topic })];
    try {
      await admin.connect();
      await makeTopic(admin, topic, 2);
      await producer.connect();
      const messages: Message[] = ['a', 'b', 'c'].map((text) => ({ key: 'one-account', value: `${text} ✓` }));
      await producer.send({ topic, messages });
      await consumer.connect();
      await consumer.subscribe({ topic, fromBeginning: true });
      const received: string[] = [];
      await consumer.run({
        eachMessage: async ({ message }) => void received.push(`${String(message.key)}: ${String(message.value)}`),
      });
      await expect.poll(() => received, { timeout: 30_000 }).toEqual(['one-account: a ✓', 'one-account: b ✓', 'one-account: c ✓']);
    } finally {
      await consumer.disconnect();
      await producer.disconnect();
      await admin.deleteTopics({ topics: [topic] });
      await admin.disconnect();
    }
  });

  it('commits a transaction as a whole and shows nothing of an aborted one', async () => {
    const kafka = client();
    const topic = unique();
    const admin = kafka.admin();
    const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1, transactionalId: topic });
    const consumer = kafka.consumer({ groupId: topic, readUncommitted: false });
    try {
      await admin.connect();
      await makeTopic(admin, topic, 1);
      await producer.connect();
      const aborted = await producer.transaction();
      await aborted.send({ topic, messages: [{ value: 'aborted' }] });
      await aborted.abort();
      const committed = await producer.transaction();
      await committed.send({ topic, messages: [{ value: 'committed' }] });
      await committed.commit();
      await consumer.connect();
      await consumer.subscribe({ topic, fromBeginning: true });
      const received: string[] = [];
      await consumer.run({ eachMessage: async ({ message }) => void received.push(String(message.value)) });
      await expect.poll(() => received.length, { timeout: 30_000 }).toBeGreaterThan(0);
      expect(received).toEqual(['committed']);
    } finally {
      await consumer.disconnect();
      await producer.disconnect();
      await admin.deleteTopics({ topics: [topic] });
      await admin.disconnect();
    }
  });
});

group('Schema registry', ['registry'], (value) => {
  it('gives one id to one schema, gives it back, and says what it does not have', async () => {
    const subject = `${unique()}-value`;
    const versions = `${value('registry')}/subjects/${subject}/versions`;
    const post = (schema: object): RequestInit => ({
      method: 'POST',
      headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
      body: JSON.stringify({ schema: JSON.stringify(schema) }),
    });
    const record = { type: 'record', name: 'Report', fields: [{ name: 'text', type: 'string' }] };
    try {
      const { id } = (await json(versions, post(record))) as { id: number };
      expect(await json(versions, post(record))).toMatchObject({ id });
      const { schema } = (await json(`${value('registry')}/schemas/ids/${id}`)) as { schema: string };
      expect(JSON.parse(schema)).toEqual(record);
      expect(await json(versions)).toEqual([1]);
      const missing = await fetch(`${value('registry')}/schemas/ids/999999`);
      expect([missing.status, await missing.json()]).toEqual([404, expect.objectContaining({ error_code: 40403 })]);
    } finally {
      await fetch(`${value('registry')}/subjects/${subject}`, { method: 'DELETE' });
    }
  });
});

group('Milvus', ['milvus'], (value) => {
  it('answers gRPC with its version', async () => {
    const url = new URL(`tcp://${value('milvus')}`);
    expect(url.hostname).toBe('127.0.0.1');
    expect(await milvusVersion(Number(url.port))).toMatch(/\d+\.\d+\.\d+/);
  });
});

group('Prometheus', ['prometheus', 'targets', 'temporalMetrics'], (value) => {
  const query = async (text: string): Promise<readonly { metric: Record<string, string>; value: [number, string] }[]> => {
    const answer = await json(`${value('prometheus')}/api/v1/query?query=${encodeURIComponent(text)}`);
    return (answer as { data: { result: [] } }).data.result;
  };
  const up = async (instance: string): Promise<string | undefined> => (await query(`up{instance="${instance}"}`))[0]?.value[1];

  it("asks Temporal's server", async () => {
    await expect.poll(() => up(new URL(value('temporalMetrics')).host), { timeout: 40_000 }).toBe('1');
    expect((await query('count(service_requests)'))[0]?.value[1]).toMatch(/^[1-9]/);
  });

  it('finds a worker that is named to it, and computes with what it tells', async () => {
    const worker = createServer((_, response) => response.setHeader('content-type', 'text/plain').end('riskflow_stack_test 21\n'));
    await new Promise<void>((resolve) => worker.listen(0, '127.0.0.1', resolve));
    const instance = `127.0.0.1:${(worker.address() as AddressInfo).port}`;
    const file = join(value('targets'), `riskflow-${unique()}.yml`);
    try {
      await writeFile(file, `- targets: ['${instance}']\n`);
      await expect.poll(() => up(instance), { timeout: 40_000 }).toBe('1');
      const [doubled] = await query(`riskflow_stack_test{instance="${instance}", job="riskflow"} * 2`);
      expect(doubled?.value[1]).toBe('42');
    } finally {
      await rm(file, { force: true });
      worker.closeAllConnections();
      worker.close();
    }
  });
});
