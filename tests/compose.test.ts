import { execFileSync, spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { settingsTable } from '../runtime/configuration/settings-table.ts';
import { withPasswords } from '../scripts/stack/env-file.ts';
import { rules } from './compose-rules.ts';
import { PROJECT, readComposeStack, service, type ComposeStack } from './compose-stack.ts';

type RuleName = keyof typeof rules;
const names = Object.keys(rules) as RuleName[];

const env = (stack: ComposeStack, name: string): Record<string, string> => {
  const found = service(stack, name);
  return (found.environment ??= {});
};

/** For each rule what breaks it, and the word by which the rule tells. */
const breaks: Readonly<Record<RuleName, readonly (readonly [string, (stack: ComposeStack) => void, RegExp])[]>> = {
  'every service that runs for ever says whether it is well': [
    ['a service without one', (stack) => delete service(stack, 'milvus').healthcheck, /^milvus/],
    ['a switched-off one', (stack) => (service(stack, 'worker').healthcheck = { test: ['NONE'] }), /^worker/],
  ],
  'every service has a memory limit': [
    ['a job without one', (stack) => delete service(stack, 'temporal-schema').mem_limit, /^temporal-schema/],
  ],
  'what runs for ever is started again': [
    ['a service that stays away', (stack) => delete service(stack, 'kafka').restart, /^kafka has restart unset/],
    ['a job that would run for ever', (stack) => (service(stack, 'temporal-namespace').restart = 'always'), /^temporal-namespace/],
  ],
  'images are pinned to a version': [
    ['latest', (stack) => (service(stack, 'grafana').image = 'grafana/grafana:latest'), /^grafana/],
    ['a line of versions', (stack) => (service(stack, 'mysql').image = 'mysql:9'), /^mysql/],
    ['nothing', (stack) => (service(stack, 'kafka').image = 'apache/kafka'), /^kafka/],
  ],
  'nothing is published beyond 127.0.0.1': [
    ['all addresses', (stack) => (service(stack, 'mysql').ports = ['3306:3306']), /^mysql/],
    ['all addresses, in words', (stack) => (service(stack, 'mysql').ports = ['0.0.0.0:3306:3306']), /^mysql/],
  ],
  'ports have the names and defaults of .env.example': [
    ['another default', (stack) => (stack.example['RISKFLOW_STACK_PORT_KAFKA'] = '9093'), /^kafka/],
  ],
  'ports have the names of the native stack': [
    ['a server that is not published', (stack) => delete service(stack, 'registry').ports, /RISKFLOW_STACK_PORT_REGISTRY/],
    [
      'a name of its own',
      (stack) => (service(stack, 'temporal-ui').ports = ['127.0.0.1:${RISKFLOW_STACK_PORT_UI:-1}:1']),
      /knows no RISKFLOW_STACK_PORT_UI/,
    ],
  ],
  'no password is written down': [
    ['in a variable', (stack) => (env(stack, 'temporal')['MYSQL_PWD'] = 'temporal'), /^temporal: MYSQL_PWD/],
    ['in an address', (stack) => (env(stack, 'worker')['RISKFLOW_MYSQL_URL'] = 'mysql://root:x@mysql/r'), /^worker: RISKFLOW_MYSQL_URL/],
    ['after its variable', (stack) => (env(stack, 'grafana')['GF_SECURITY_ADMIN_PASSWORD'] = '${X:-}x'), /^grafana/],
  ],
  'a missing password is an error': [
    ['one that may be empty', (stack) => (env(stack, 'mysql')['MYSQL_ROOT_PASSWORD'] = '${RISKFLOW_MYSQL_ROOT_PASSWORD:-}'), /^mysql/],
  ],
  'servers that make passwords refuse sample values': [
    ['the image as it is', (stack) => delete service(stack, 'mysql').entrypoint, /^mysql refuses nothing/],
    ['one password more', (stack) => (env(stack, 'mysql')['NEW_PASSWORD'] = '${X:?}'), /^mysql would take any NEW_PASSWORD/],
    ['no script', (stack) => (service(stack, 'grafana').volumes = []), /^grafana refuses nothing/],
  ],
  'sample passwords are recognised as such': [
    ['a real-looking one', (stack) => (stack.example['RISKFLOW_GRAFANA_PASSWORD'] = 'admin'), /RISKFLOW_GRAFANA_PASSWORD/],
  ],
  '.env.example holds every variable of the compose file, and no other': [
    ['a forgotten one', (stack) => delete stack.example['OPENAI_BASE_URL'], /^OPENAI_BASE_URL is not in/],
    ['one too many', (stack) => (stack.example['OLD_SETTING'] = ''), /^OLD_SETTING is in/],
  ],
  'a default is the value of .env.example': [
    ['two defaults', (stack) => (stack.example['OPENAI_BASE_URL'] = 'http://127.0.0.1'), /^OPENAI_BASE_URL/],
  ],
  'volumes are named, or files of the project that are only read': [
    ['a folder that is written', (stack) => service(stack, 'kafka').volumes?.push('./data:/data'), /^kafka mounts/],
    ['a file that is not there', (stack) => service(stack, 'kafka').volumes?.push('./deploy/nothing.yml:/x:ro'), /^kafka mounts/],
    ['an undeclared volume', (stack) => service(stack, 'kafka').volumes?.push('other:/x'), /^kafka uses the undeclared/],
    ['a volume for nobody', (stack) => (stack.compose.volumes['other'] = null), /^nobody uses the volume other/],
  ],
  'nobody waits for a service that a profile leaves out': [
    [
      'a default service for Kafka',
      (stack) => (service(stack, 'worker').depends_on = { kafka: { condition: 'service_healthy' } }),
      /^worker .*kafka/,
    ],
    ['another profile', (stack) => (service(stack, 'prometheus').profiles = ['vectors']), /^grafana waits for prometheus/],
  ],
  'whoever is waited for can be': [
    ['a service that is gone', (stack) => delete stack.compose.services['temporal-schema'], /^temporal waits for temporal-schema/],
    [
      'a mere start',
      (stack) => (service(stack, 'grafana').depends_on = { prometheus: { condition: 'service_started' } }),
      /until service_started/,
    ],
  ],
  "Temporal's versions are those of the native stack": [
    ['a newer server', (stack) => (service(stack, 'temporal').image = 'temporalio/server:1.30.0'), /^temporal is not/],
    ['an older UI', (stack) => (service(stack, 'temporal-ui').image = 'temporalio/ui:2.41.0'), /^temporal-ui is not/],
    [
      'tables of another',
      (stack) => (service(stack, 'temporal-schema').image = 'temporalio/admin-tools:1.28.1-tctl-1.18.4-cli-1.5.0'),
      /^temporal-schema is not/,
    ],
  ],
  'Temporal has the namespace and the settings of the native stack': [
    ['another namespace', (stack) => (env(stack, 'temporal-namespace')['NAMESPACE'] = 'prod'), /^the namespace/],
    ['no settings', (stack) => delete env(stack, 'temporal')['DYNAMIC_CONFIG_FILE_PATH'], /reads other settings/],
  ],
  "Kafka's version and replication are those of the native stack": [
    ['an older one', (stack) => (service(stack, 'kafka').image = 'apache/kafka:4.0.0'), /^Kafka is not/],
    [
      'three copies',
      (stack) => (env(stack, 'kafka')['KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR'] = '3'),
      /^KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR is not 1/,
    ],
  ],
  'MySQL has the options of the native stack': [
    ['none', (stack) => (service(stack, 'mysql').command = ['mysqld']), /^MySQL lacks --mysqlx=OFF/],
  ],
  'Riskflow is told where MySQL and Temporal are, by the names of its settings': [
    ['another name', (stack) => delete env(stack, 'riskflow')['RISKFLOW_TEMPORAL_ADDRESS'], /^riskflow: RISKFLOW_TEMPORAL_ADDRESS/],
  ],
  'a worker serves health and metrics where others look for them': [
    ['its standard, which no container can reach', (stack) => (service(stack, 'worker').command = ['worker']), /^it does not listen/],
    [
      'a question elsewhere',
      (stack) => (service(stack, 'worker').healthcheck = { test: ['CMD', 'true'] }),
      /^its health check asks elsewhere/,
    ],
    ['another port', (stack) => (stack.prometheus = stack.prometheus.replace('port: 9464', 'port: 9465')), /^Prometheus/],
  ],
  'Riskflow starts on migrated tables': [['a worker that does not wait', (stack) => delete service(stack, 'worker').depends_on, /^worker/]],
  'the image has the Node that package.json pins, in every stage': [
    ['a newer pin', (stack) => (stack.node = '26.0.0'), /is not Node 26\.0\.0/],
    ['one stage', (stack) => (stack.dockerfile = `FROM node:${stack.node}-slim\n`), /one stage/],
  ],
  'the image is small, runs as nobody special and says whether it is well': [
    ['root', (stack) => (stack.dockerfile = stack.dockerfile.replace('USER node', 'USER root')), /as root/],
    ['dev dependencies', (stack) => (stack.dockerfile = stack.dockerfile.replace(' --omit=dev', '')), /^dev dependencies/],
    ['no health check', (stack) => (stack.dockerfile = stack.dockerfile.replace('HEALTHCHECK', '# HEALTHCHECK')), /no health check/],
  ],
  'the image gets every room, and nothing that is not named': [
    ['a room that was forgotten', (stack) => (stack.dockerignore = stack.dockerignore.replace('!sandbox\n', '')), /room sandbox/],
    ['a list of exceptions', (stack) => (stack.dockerignore = stack.dockerignore.replace('*\n', 'data\n')), /not named/],
    ['no word about .env', (stack) => (stack.dockerignore = stack.dockerignore.replace('**/.env*', '')), /passwords/],
  ],
};

describe('docker-compose.yaml, .env.example, Dockerfile', () => {
  const stack = readComposeStack();

  it.each(names)('%s', (name) => {
    expect(rules[name](stack)).toEqual([]);
  });

  it.each(names.flatMap((name) => breaks[name].map(([what, act, told]) => ({ name, what, act, told }))))(
    'the rule "$name" sees $what',
    ({ name, act, told }) => {
      const broken = structuredClone(readComposeStack());
      act(broken);
      expect(rules[name](broken)).toEqual(expect.arrayContaining([expect.stringMatching(told)]));
    },
  );

  it('starts MySQL, Temporal and Riskflow unless more is asked for', () => {
    const byProfile: Record<string, string[]> = {};
    for (const [name, { profiles = ['default'] }] of Object.entries(stack.compose.services)) {
      for (const profile of profiles) (byProfile[profile] ??= []).push(name);
    }
    expect(byProfile).toEqual({
      default: ['mysql', 'temporal-schema', 'temporal', 'temporal-namespace', 'temporal-ui', 'migrate', 'riskflow', 'worker'],
      kafka: ['kafka', 'registry'],
      vectors: ['milvus'],
      monitoring: ['prometheus', 'grafana'],
    });
  });

  it('uses no variable that Riskflow does not know', () => {
    const known = settingsTable.map(({ variable }) => variable);
    const used = ['riskflow', 'worker'].flatMap((name) => Object.keys(service(stack, name).environment ?? {}));
    expect(used.filter((variable) => !known.includes(variable))).toEqual([]);
  });
});

describe.skipIf(process.platform === 'win32')('scripts of the containers (POSIX shell; skipped on Windows)', () => {
  const refuse = resolve(PROJECT, 'deploy/refuse-sample-passwords.sh');
  const start = (
    environment: Readonly<Record<string, string>>,
  ): { readonly status: number | null; readonly out: string; readonly err: string } => {
    const given = { env: { PATH: process.env['PATH'], ...environment }, encoding: 'utf8' } as const;
    const { status, stdout, stderr } = spawnSync('sh', [refuse, 'ONE', 'TWO', '--', 'echo', 'started', 'a b'], given);
    return { status, out: stdout, err: stderr };
  };

  it('refuse-sample-passwords.sh starts the command with its arguments when all passwords are real', () => {
    expect(start({ ONE: 'x', TWO: 'Yc3-a_b' })).toEqual({ status: 0, out: 'started a b\n', err: '' });
  });

  it.each([
    ['a sample value', { ONE: 'x', TWO: readComposeStack().example['RISKFLOW_GRAFANA_PASSWORD'] ?? '' }, /^TWO is not set or the sample/],
    ['an empty one', { ONE: '', TWO: 'x' }, /^ONE is not set or the sample value of \.env\.example: run 'npm run stack -- env'/],
    ['one that is not set', { TWO: 'x' }, /^ONE is not set/],
    ['one that would end an SQL text', { ONE: "x'; DROP", TWO: 'x' }, /^ONE may hold letters, digits, _ and - only/],
  ])('refuse-sample-passwords.sh refuses %s', (_, environment, told) => {
    expect(start(environment)).toEqual({ status: 1, out: '', err: expect.stringMatching(told) as string });
  });

  it.each(['deploy/refuse-sample-passwords.sh', 'deploy/temporal/schema.sh', 'deploy/temporal/namespace.sh'])(
    '%s is a shell script',
    (path) => {
      expect(() => execFileSync('sh', ['-n', resolve(PROJECT, path)])).not.toThrow();
    },
  );

  it('accepts every password that `npm run stack -- env` writes', () => {
    const written = withPasswords(
      Object.entries(readComposeStack().example)
        .map(([name, value]) => `${name}=${value}`)
        .join('\n'),
    );
    const passwords = [...written.matchAll(/^\w*PASSWORD=(.*)$/gm)].map(([, password = '']) => password);
    expect(new Set(passwords).size).toBe(4);
    for (const password of passwords) expect(start({ ONE: password, TWO: 'x' }).status).toBe(0);
  });
});
