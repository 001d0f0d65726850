import { expect, test } from 'vitest';
import { createKafkaClient, type KafkaLog } from './kafka-client.ts';

const logsOf = (write: (logger: ReturnType<ReturnType<typeof createKafkaClient>['logger']>) => void): readonly KafkaLog[] => {
  const logs: KafkaLog[] = [];
  const secrets = { password: 'hunter22', tls: { key: 'PRIVATE' } };
  write(createKafkaClient({ brokers: ['b:1'] }, { clientId: 'c', secrets, onLog: (entry) => void logs.push(entry) }).logger());
  return logs;
};

test('what kafkajs mends by itself is no error, and what it does not mend is', () => {
  const logs = logsOf((logger) => {
    logger.error('Response GroupCoordinator(key: 10, version: 2)', { error: 'The group coordinator is not available' });
    logger.error('The coordinator is not aware of this member, re-joining the group');
    logger.warn('The group is rebalancing, re-joining');
    logger.error('Failed to send messages: This server is not the leader for that topic-partition');
    logger.warn('something odd');
    logger.error('Response Produce', {
      broker: 'b:1',
      error: 'The request included a message larger than the max',
      stack: 'at …',
      topic: 't',
      partition: 3,
    });
    logger.info('Starting');
  });
  expect(logs.map(({ level }) => level)).toEqual(['info', 'info', 'info', 'info', 'warn', 'error', 'debug']);
  expect(logs[5]?.message).toBe(
    'Response Produce (broker b:1, topic t, partition 3, error The request included a message larger than the max)',
  );
});

test('no line holds a secret', () => {
  const logs = logsOf((logger) => logger.error('sent hunter22 with PRIVATE', { error: 'hunter22' }));
  expect(logs[0]?.message).toBe('sent *** with *** (error ***)');
});
