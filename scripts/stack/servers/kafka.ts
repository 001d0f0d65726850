import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { findProgram, run } from '../command.ts';
import type { Command } from '../command.ts';
import { makeOnce } from '../install.ts';
import { brokerCount } from '../kafka/brokers.ts';
import { needsJava, needsMaven } from '../needs.ts';
import { portOf } from '../ports.ts';
import type { Ports } from '../ports.ts';
import { say, step } from '../progress.ts';
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
  ports: ['server', 'controller'],
  secrets: [],
  stopLimitMs: 30_000,
  install,
  start,
  ready: async ({ ports }) => {
    const count = await brokerCount(portOf(ports, 'server'));
    if (count === 0) throw new Error('the broker has not joined its cluster yet');
    return `Kafka ${KAFKA_VERSION}`;
  },
  prepare: async () => {},
  environment: ({ ports }) => ({ RISKFLOW_TEST_KAFKA_BROKERS: `127.0.0.1:${portOf(ports, 'server')}` }),
};

async function install(directory: string, log: string): Promise<Installed> {
  await writeFile(join(directory, 'pom.xml'), POM);
  const wanted = [COPY, `-DoutputDirectory=${join(directory, 'libs')}`];
  const program = (await findProgram('mvn')) ?? 'mvn';
  await run({ program, arguments: ['--batch-mode', '--file', join(directory, 'pom.xml'), ...wanted] }, log);
  return { variant: 'kafka', version: `Kafka ${KAFKA_VERSION}` };
}

async function start(installation: Installation, { state, ports }: Instance): Promise<Command> {
  const home = join(state, 'data');
  const settings = join(state, 'server.properties');
  await writeFile(settings, properties(ports, join(home, 'log')));
  const halfMade = (): void => say(NAME, `an unfinished log is in ${home}: making it again`);
  await makeOnce(home, z.object({}), halfMade, async () => {
    await mkdir(join(home, 'log'));
    const format = java(installation.directory, ['kafka.tools.StorageTool', 'format', '-t', newClusterId(), '-c', settings]);
    await step(NAME, 'making an empty log', async () => run(await format, join(state, 'format.log')));
    return {};
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

function properties(ports: Ports, logFolder: string): string {
  const [broker, controller] = [`127.0.0.1:${portOf(ports, 'server')}`, `127.0.0.1:${portOf(ports, 'controller')}`];
  const lines = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@${controller}`,
    'controller.listener.names': 'CONTROLLER',
    listeners: `PLAINTEXT://${broker},CONTROLLER://${controller}`,
    'advertised.listeners': `PLAINTEXT://${broker}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name': 'PLAINTEXT',
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
