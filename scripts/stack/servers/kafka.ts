import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { findProgram, run } from '../command.ts';
import type { Command } from '../command.ts';
import { makeOnce } from '../install.ts';
import { brokerCount } from '../kafka/brokers.ts';
import { certificateOf, listenerSettings, makeCertificate, scramArguments, USER } from '../kafka/listeners.ts';
import { needsJava, needsMaven } from '../needs.ts';
import { portOf } from '../ports.ts';
import { say, step } from '../progress.ts';
import type { Secrets } from '../secrets.ts';
import type { Installation, Installed, Instance, Server } from '../server.ts';

const NAME = 'kafka';
export const KAFKA_VERSION = '4.1.1';
// For the slf4j-api 1.7 that Kafka brings: without it the server is silent.
const LOGGING = 'slf4j-simple';
const LOGGING_VERSION = '1.7.36';
const COPY = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';

/** One Kafka node that is broker and controller (KRaft). */
export const kafka: Server = {
  name: NAME,
  summary: `Kafka ${KAFKA_VERSION}, one KRaft node (Java, from Maven Central)`,
  installationName: `kafka-${KAFKA_VERSION}`,
  needs: [needsJava('Kafka'), needsMaven('Kafka')],
  ports: ['server', 'controller', 'sasl', 'tls'],
  secrets: ['user'],
  stopLimitMs: 30_000,
  install,
  start,
  ready: async ({ ports }) => {
    const count = await brokerCount(portOf(ports, 'server'));
    if (count === 0) throw new Error('the broker has not joined its cluster yet');
    return `Kafka ${KAFKA_VERSION}`;
  },
  prepare: async () => {},
  environment: (instance) => ({ RISKFLOW_TEST_KAFKA_BROKERS: `127.0.0.1:${portOf(instance.ports, 'server')}`, ...withPassword(instance) }),
};

/** None for a server that runs since before it had these listeners. */
function withPassword({ state, ports, secrets }: Instance): Readonly<Record<string, string>> {
  if (ports['sasl'] === undefined) return {};
  return {
    RISKFLOW_TEST_KAFKA_SASL_BROKERS: `127.0.0.1:${portOf(ports, 'sasl')}`,
    RISKFLOW_TEST_KAFKA_SASL_TLS_BROKERS: `127.0.0.1:${portOf(ports, 'tls')}`,
    RISKFLOW_TEST_KAFKA_SASL_CA: certificateOf(state),
    RISKFLOW_TEST_KAFKA_SASL_USER: USER,
    RISKFLOW_TEST_KAFKA_SASL_PASSWORD: passwordOf(secrets),
  };
}

function passwordOf(secrets: Secrets): string {
  const password = secrets['user'];
  if (password === undefined) throw new Error('no password was made for the user of Kafka');
  return password;
}

async function install(directory: string, log: string): Promise<Installed> {
  await writeFile(join(directory, 'pom.xml'), POM);
  const wanted = [COPY, `-DoutputDirectory=${join(directory, 'libs')}`];
  const program = (await findProgram('mvn')) ?? 'mvn';
  await run({ program, arguments: ['--batch-mode', '--file', join(directory, 'pom.xml'), ...wanted] }, log);
  return { variant: 'kafka', version: `Kafka ${KAFKA_VERSION}` };
}

async function start(installation: Installation, instance: Instance): Promise<Command> {
  const { state } = instance;
  const home = join(state, 'data');
  const settings = join(state, 'server.properties');
  const password = passwordOf(instance.secrets);
  // It holds the password, so only its owner reads it.
  await writeFile(settings, properties(instance, join(home, 'log')), { mode: 0o600 });
  const halfMade = (): void => say(NAME, `an unfinished log, or one without users, is in ${home}: making it again`);
  await makeOnce(home, z.object({ user: z.literal(USER) }), halfMade, async () => {
    await mkdir(join(home, 'log'));
    await makeCertificate(state);
    const wanted = ['kafka.tools.StorageTool', 'format', '-t', newClusterId(), '-c', settings, ...scramArguments(password)];
    await step(NAME, 'making an empty log', async () => run(await java(installation.directory, wanted), join(state, 'format.log')));
    return { user: USER };
  });
  return java(installation.directory, ['kafka.Kafka', settings]);
}

async function java(directory: string, given: readonly string[]): Promise<Command> {
  const options = ['-Xmx512m', '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn', '-Dorg.slf4j.simpleLogger.showDateTime=true'];
  return {
    program: (await findProgram('java')) ?? 'java',
    arguments: [...options, '-cp', `${directory}/libs/*`, ...given],
    title: 'Kafka',
  };
}

/** Kafka's form of a UUID, which must not begin with a hyphen. */
function newClusterId(): string {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0] ?? 0) & 0x7f;
  return bytes.toString('base64url');
}

function properties({ state, ports, secrets }: Instance, logFolder: string): string {
  const lines = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${portOf(ports, 'controller')}`,
    'controller.listener.names': 'CONTROLLER',
    ...listenerSettings(ports, passwordOf(secrets), state),
    'log.dirs': logFolder,
    ...SINGLE_NODE,
  };
  return Object.entries(lines)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

/** What one node alone needs, here and in the container: Kafka's defaults want three, and wait for more members before a group starts. */
export const SINGLE_NODE: Readonly<Record<string, number>> = {
  'offsets.topic.replication.factor': 1,
  'transaction.state.log.replication.factor': 1,
  'transaction.state.log.min.isr': 1,
  'share.coordinator.state.topic.replication.factor': 1,
  'share.coordinator.state.topic.min.isr': 1,
  'group.initial.rebalance.delay.ms': 0,
};

const dependency = (group: string, artifact: string, version: string): string =>
  `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`;

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>riskflow</groupId><artifactId>stack-kafka</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    ${dependency('org.apache.kafka', 'kafka_2.13', KAFKA_VERSION)}
    ${dependency('org.slf4j', LOGGING, LOGGING_VERSION)}
  </dependencies>
</project>
`;
