import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decisionSchema } from '../../schemas/index.ts';
import type { App } from '../open-app.ts';
import { openSinks } from './open-sinks.ts';
import { decide, firstsByKey, numbered, openOutboxRig, topic as topicSettings, until } from './outbox-rig.ts';
import { runRelays } from './run-relays.ts';

const fromStack = (name: string): string => {
  const value = process.env[name] ?? '';
  if (value === '') throw new Error(`${name} is not set: start the servers with npm run stack -- up, and export what it prints`);
  return value;
};

let folder: string;
let app: App;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'riskflow-topic-'));
  app = await openOutboxRig(folder);
});
afterEach(async () => {
  await app.close();
  rmSync(folder, { recursive: true });
});

describe('decisions told to a topic of Kafka', { timeout: 60_000 }, () => {
  it('as Avro, on a subject that keeps all versions compatible: each once, those of a subject in order, none a second time', async () => {
    const brokers = fromStack('RISKFLOW_TEST_KAFKA_BROKERS').split(',');
    const registryUrl = fromStack('RISKFLOW_TEST_REGISTRY_URL');
    const name = `riskflow-test-${randomBytes(6).toString('hex')}`;
    const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING });
    const [admin, consumer] = [kafka.admin(), kafka.consumer({ groupId: name })];
    const registry = new SchemaRegistry({ host: registryUrl });
    const subject = `${name}-value`;
    try {
      await admin.connect();
      await admin.createTopics({ topics: [{ topic: name, numPartitions: 3 }], waitForLeaders: true });
      await register(registryUrl, registry, subject);
      const settings = topicSettings({ brokers, topic: name, format: { kind: 'avro', registry: { url: registryUrl } } });
      const relays = async (until_: () => Promise<void>): Promise<void> => {
        const stop = new AbortController();
        const openSink = openSinks({ environment: {}, folder, outgoing: app.context.outgoing, onNotice: () => undefined });
        const news: unknown[] = [];
        const done = runRelays(app.context, {
          sinks: { decisions: settings },
          openSink,
          signal: stop.signal,
          onNews: (each) => news.push(each),
        });
        await until_();
        stop.abort();
        await done;
        expect(news).toEqual([]);
      };
      const at = async (): Promise<number> => (await app.context.storage.relays.cursors('default', 'decisions/'))[0]?.n ?? 0;
      await decide(app.context, [...numbered(1_200, 11), { decisionId: 'shadow', mode: 'shadow', stage: 'shadow' }]);
      await relays(() => until(async () => (await at()) >= 1_200));
      await decide(app.context, [
        { decisionId: 'last', subject: 'acct-3', score: 0.25, ruleHits: [{ nodeId: 'n', title: '链接', caseId: 'true' }] },
      ]);
      await relays(() => until(async () => (await at()) >= 1_202));

      const came: { readonly id: string; readonly key: string | null; readonly value: Readonly<Record<string, unknown>> }[] = [];
      await consumer.connect();
      await consumer.subscribe({ topic: name, fromBeginning: true });
      await consumer.run({
        eachMessage: async ({ message: { key, headers, value } }) => {
          const decoded = (await registry.decode(value ?? Buffer.alloc(0))) as Readonly<Record<string, unknown>>;
          came.push({ id: String(headers?.['decision-id']), key: key?.toString() ?? null, value: decoded });
        },
      });
      // Ours is the second version: the registry found it compatible with the older one.
      expect(await (await fetch(`${registryUrl}/subjects/${subject}/versions`)).json()).toEqual([1, 2]);
      const ends = await admin.fetchTopicOffsets(name);
      const count = ends.reduce((sum, { offset }) => sum + Number(offset), 0);
      expect(count).toBe(1_201);
      await until(() => came.length === count);
      for (const [key, ids] of firstsByKey(came)) {
        const own = numbered(1_200, 11).flatMap((each) => (each.subject === key ? [each.decisionId] : []));
        expect(ids).toEqual(key === 'acct-3' ? [...own, 'last'] : own);
      }
      const last = came.find(({ id }) => id === 'last')?.value ?? {};
      expect(Object.keys(last).toSorted()).toEqual(decisionSchema.fields.map(({ name: field }) => field).toSorted());
      expect(last).toMatchObject({
        decisionId: 'last',
        score: 0.25,
        outputs: '{"label":"spam"}',
        ruleHits: [{ title: '链接' }],
        error: null,
      });
    } finally {
      await consumer.disconnect();
      await admin.deleteTopics({ topics: [name] }).catch(() => undefined);
      await admin.deleteGroups([name]).catch(() => undefined);
      await admin.disconnect();
      await fetch(`${registryUrl}/subjects/${subject}`, { method: 'DELETE' });
    }
  });
});

/** An older version of the schema, without half of its fields, on a subject that is FULL_TRANSITIVE. */
async function register(url: string, registry: SchemaRegistry, subject: string): Promise<void> {
  const older = { ...decisionSchema, fields: decisionSchema.fields.filter((_, i) => i % 2 === 0) };
  const compatibility = 'FULL_TRANSITIVE';
  const set = await fetch(`${url}/config/${subject}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    body: JSON.stringify({ compatibility }),
  });
  expect(set.ok).toBe(true);
  await registry.register({ type: SchemaType.AVRO, schema: JSON.stringify(older) }, { subject, compatibility: compatibility as never });
}
