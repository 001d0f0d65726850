import { expect, test } from 'vitest';
import type { KafkaClusterSettings } from '../../schemas/index.ts';
import { asksToRejoin, lastingTrouble, typesOf } from './kafka-trouble.ts';

const sasl = { mechanism: 'scram-sha-256', username: 'ann', passwordFile: '/run/secrets/kafka' } as const;
const open: KafkaClusterSettings = { brokers: ['b1:9092', 'b2:9092'] };
const secured: KafkaClusterSettings = { ...open, sasl };

const failure = (message: string, more: object = {}, cause?: Error): Error => Object.assign(new Error(message, { cause }), more);

test.each([
  [
    secured,
    failure('SASL SCRAM failed', { name: 'KafkaJSSASLAuthenticationError' }),
    'usage',
    'Kafka at b1:9092, b2:9092 refused user "ann" with SCRAM-SHA-256: SASL SCRAM failed',
    'the file /run/secrets/kafka',
  ],
  [
    open,
    failure('no', { type: 'SASL_AUTHENTICATION_FAILED' }),
    'usage',
    'Kafka at b1:9092, b2:9092 asks for a user and a password',
    'passwordEnv',
  ],
  [
    secured,
    failure('not enabled', { type: 'UNSUPPORTED_SASL_MECHANISM' }),
    'usage',
    'Kafka at b1:9092, b2:9092 does not take SCRAM-SHA-256: not enabled',
    'sasl.mechanism',
  ],
  [
    open,
    failure('Connection error: self-signed certificate; try', { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }),
    'usage',
    'no TLS connection to Kafka at b1:9092, b2:9092: self-signed certificate',
    'tls.ca',
  ],
  [
    secured,
    failure('Not authorized to access group', { type: 'GROUP_AUTHORIZATION_FAILED' }),
    'usage',
    'Kafka at b1:9092, b2:9092 does not let user "ann" do that: Not authorized to access group',
    'rights',
  ],
  [
    open,
    failure('Unknown form', { name: 'KafkaJSNotImplemented' }),
    'unsupported',
    'Kafka at b1:9092, b2:9092 holds records that cannot be read: Unknown form',
    'current client',
  ],
])('what does not pass is told with how to mend it: %o %o', (settings, error, code, message, hint) => {
  const told = lastingTrouble(failure('retries exceeded', {}, error), settings);
  expect(told).toMatchObject({ code, message, hint: expect.stringContaining(hint) });
  expect(told?.cause).toBeInstanceOf(Error);
});

test.each([
  failure('Connection error', { code: 'ECONNREFUSED' }),
  failure('leader', { type: 'LEADER_NOT_AVAILABLE' }),
  'a text',
  undefined,
])('what may pass is none: %o', (error) => {
  expect(lastingTrouble(error, secured)).toBeUndefined();
});

test('the types of an error and of its causes are looked through, and a circle ends', () => {
  const inner = failure('rebalance', { type: 'REBALANCE_IN_PROGRESS' });
  expect(typesOf(failure('outer', { type: 'OTHER' }, inner))).toEqual(['OTHER', 'REBALANCE_IN_PROGRESS']);
  expect(asksToRejoin(failure('outer', {}, inner))).toBe(true);
  expect(asksToRejoin(failure('outer', { type: 'REQUEST_TIMED_OUT' }))).toBe(false);
  inner.cause = inner;
  expect(typesOf(inner)).toEqual(['REBALANCE_IN_PROGRESS']);
});
