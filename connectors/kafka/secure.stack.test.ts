import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { KafkaSecrets } from './kafka-client.ts';
import { brokersOf, fromStack, numbered, numbersOf, openRig, until, type KafkaRig } from './stack-rig.ts';

const MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512'] as const;
const password = (): string => fromStack('RISKFLOW_TEST_KAFKA_SASL_PASSWORD');
const ca = (): string => readFileSync(fromStack('RISKFLOW_TEST_KAFKA_SASL_CA'), 'utf8');

type Way = { readonly mechanism: (typeof MECHANISMS)[number]; readonly tls?: boolean; readonly secrets?: KafkaSecrets };

const read = (rig: KafkaRig, { mechanism, tls = false, secrets = { password: password() } }: Way): ReturnType<KafkaRig['read']> => {
  const brokers = brokersOf(tls ? 'RISKFLOW_TEST_KAFKA_SASL_TLS_BROKERS' : 'RISKFLOW_TEST_KAFKA_SASL_BROKERS');
  const sasl = { mechanism, username: fromStack('RISKFLOW_TEST_KAFKA_SASL_USER'), passwordEnv: 'KAFKA_PASSWORD' };
  return rig.read('a', { settings: rig.settings({ brokers, sasl, ...(tls ? { tls: true } : {}) }), deps: rig.deps({ secrets }) });
};

const ways: readonly Way[] = MECHANISMS.flatMap((mechanism) => [{ mechanism }, { mechanism, tls: true }]);

test.each(ways)('reads as a user with $mechanism (over TLS: $tls)', async ({ mechanism, tls = false }) => {
  await using rig = await openRig();
  await rig.produce(numbered(3));
  const reading = read(rig, { mechanism, tls, secrets: { password: password(), ...(tls ? { tls: { ca: ca() } } : {}) } });
  await until(
    () => rig.inbox.records.length >= 3,
    () => JSON.stringify([rig.inbox.reports, rig.logs]),
  );
  expect(numbersOf(rig.inbox)).toEqual([0, 1, 2]);
  expect(await reading.connector.ends(AbortSignal.timeout(5_000))).toEqual([{ topic: rig.topic, partition: 0, low: 0, end: 3 }]);
  await reading.stop();
});

test.each(MECHANISMS)(
  'a wrong password with %s ends the reading, and says what to change without saying the password',
  async (mechanism) => {
    await using rig = await openRig();
    const wrong = 'not-the-password-at-all';
    const { done, connector } = read(rig, { mechanism, secrets: { password: wrong } });
    const expected = { code: 'usage', message: expect.stringContaining(`refused user "riskflow" with ${mechanism.toUpperCase()}`) };
    await expect(done).rejects.toMatchObject({ ...expected, hint: expect.stringContaining('the variable KAFKA_PASSWORD') });
    await expect(connector.ends(AbortSignal.timeout(5_000))).rejects.toMatchObject(expected);
    expect(rig.inbox.reports.at(-1)).toMatchObject({ task: 'consumer', state: 'failed', trace: expected.message });
    expect(JSON.stringify([rig.logs, rig.inbox.reports])).not.toContain(wrong);
  },
);

test('a certificate that nobody trusts ends the reading, and says what to change', async () => {
  await using rig = await openRig();
  const { done } = read(rig, { mechanism: 'plain', tls: true });
  await expect(done).rejects.toMatchObject({
    code: 'usage',
    message: expect.stringMatching(/^no TLS connection to Kafka at 127\.0\.0\.1:\d+: self-signed certificate$/),
    hint: expect.stringContaining('tls.ca'),
  });
});
