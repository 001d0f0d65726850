import { afterAll, expect, test } from 'vitest';
import { openKafkaSink } from '../../connectors/index.ts';
import { holdsTogether, numbersOf, openRig, until } from '../../connectors/kafka/stack-rig.ts';
import { isRiskflowError, sinkSettings, type OutgoingMessage, type Sink } from '../../schemas/index.ts';
import { startOwnKafka } from './own-servers.ts';

const kafka = await startOwnKafka();
afterAll(() => kafka.close());

const message = (n: number): OutgoingMessage => ({ id: `d-${n}`, type: 'decision', key: `s${n % 5}`, at: n, body: { n } });

/** As a relay does: what was not taken for certain is sent again, in the same portions. */
async function sendUntilTaken(sink: Sink, messages: readonly OutgoingMessage[]): Promise<void> {
  for (;;) {
    try {
      expect(await sink.send(messages, AbortSignal.timeout(90_000))).toEqual([]);
      return;
    } catch (error) {
      if (!isRiskflowError(error) || error.code !== 'busy') throw error;
    }
  }
}

test(
  'a broker that is killed and comes back takes nothing away from readers and senders, and mixes up no order',
  { timeout: 120_000 },
  async () => {
    await using rig = await openRig({ partitions: 3, brokers: [kafka.address] });
    const settings = sinkSettings.parse({ kind: 'kafka', brokers: [kafka.address], topic: rig.topic });
    if (settings.kind !== 'kafka') throw new Error('not a Kafka sink');
    const sink = await openKafkaSink(settings, { secrets: {}, onLog: () => undefined });
    rig.read('a');
    rig.read('b');
    let sent = 0;
    let wanted = 200;
    const sending = (async () => {
      for (; sent < 600; sent += 10) {
        await until(
          () => sent < wanted,
          () => 'the sender was forgotten',
          90_000,
        );
        await sendUntilTaken(
          sink,
          Array.from({ length: 10 }, (_, i) => message(sent + i)),
        );
      }
    })();
    await until(
      () => rig.inbox.records.length >= 200,
      () => `${rig.inbox.records.length} records`,
    );
    wanted = Infinity;
    await kafka.kill();
    await kafka.restart();
    await sending;
    await sink.close();
    const seen = (): number => new Set(numbersOf(rig.inbox)).size;
    await until(
      () => seen() >= 600,
      () => JSON.stringify([seen(), rig.inbox.reports.slice(-4), rig.logs.slice(-4)]),
      90_000,
    );
    holdsTogether(rig.inbox);
    const firstSeen = [...new Set(numbersOf(rig.inbox))];
    for (let subject = 0; subject < 5; subject++) {
      const of = firstSeen.filter((n) => n % 5 === subject);
      expect(of).toEqual(of.toSorted((a, b) => a - b));
    }
    expect(rig.inbox.reports).toContainEqual(expect.objectContaining({ task: 'consumer', state: 'running' }));
  },
);
