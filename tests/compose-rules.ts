import { rooms } from '../scripts/rooms.ts';
import { SHARED_OPTIONS } from '../scripts/stack/mysql/unstable.ts';
import { KAFKA_VERSION, SINGLE_NODE } from '../scripts/stack/servers/kafka.ts';
import { NAMESPACE, TEMPORAL_VERSIONS } from '../scripts/stack/servers/temporal.ts';
import { SERVERS } from '../scripts/stack/servers.ts';
import { portSetting } from '../scripts/stack/settings.ts';
import { inProject, service, type ComposeStack, type Service } from './compose-stack.ts';

/** Says what is wrong, one sentence each; nothing when all is well. */
type Rule = (stack: ComposeStack) => readonly string[];

const PORT = /^127\.0\.0\.1:\$\{(RISKFLOW_STACK_PORT_\w+):-(\d+)\}:\d+$/;
const SECRET_NAME = /PASSWORD|PWD|SECRET|_KEYS?$/;
const REFUSAL = '/riskflow/refuse-sample-passwords.sh';

const each = ({ compose }: ComposeStack, look: (found: Service, name: string) => readonly string[]): string[] =>
  Object.entries(compose.services).flatMap(([name, found]) => look(found, name));

const problem = (wrong: boolean, sentence: string): readonly string[] => (wrong ? [sentence] : []);

/** Services that do their work and end: others wait for their success. */
const jobs = ({ compose }: ComposeStack): ReadonlySet<string> =>
  new Set(
    Object.values(compose.services)
      .flatMap(({ depends_on }) => Object.entries(depends_on ?? {}))
      .filter(([, { condition }]) => condition === 'service_completed_successfully')
      .map(([name]) => name),
  );

/** `${NAME}`, `${NAME:-default}` and `${NAME:?message}` anywhere in the services; `$$` is a dollar sign. */
const references = ({ compose }: ComposeStack): readonly { name: string; standard: string | undefined }[] =>
  [...JSON.stringify(compose.services).matchAll(/(?<!\$)\$\{(\w+)(?::-([^}]*)|:\?[^}]*)?\}/g)].map(([, name = '', standard]) => ({
    name,
    standard,
  }));

const version = (image: string | undefined): string => image?.split(':')[1] ?? '';

/** Names and values of the native stack's port settings that a container has too. */
const nativePorts = (): readonly string[] =>
  SERVERS.flatMap(({ name, ports }) => ports.map((purpose) => ({ name, purpose })))
    // Only for servers among themselves: the node's own controller, and metrics that Prometheus reads inside. Kafka's listeners with a
    // password are for the tests of our client: in the container's network nobody else listens.
    .filter(({ purpose }) => !['controller', 'metrics', 'sasl', 'tls'].includes(purpose))
    .map(({ name, purpose }) => portSetting(name, purpose));

export const rules = {
  'every service that runs for ever says whether it is well': (stack) =>
    each(stack, ({ healthcheck }, name) =>
      problem(!jobs(stack).has(name) && (healthcheck?.test?.length ?? 0) < 2, `${name} has no health check`),
    ),

  'every service has a memory limit': (stack) =>
    each(stack, ({ mem_limit }, name) => problem(!/^\d+[mg]$/.test(mem_limit ?? ''), `${name} has no memory limit`)),

  'what runs for ever is started again': (stack) =>
    each(stack, ({ restart }, name) =>
      problem(restart !== (jobs(stack).has(name) ? 'on-failure:5' : 'unless-stopped'), `${name} has restart ${restart ?? 'unset'}`),
    ),

  'images are pinned to a version': (stack) =>
    each(stack, ({ image, build }, name) =>
      problem(build === undefined && !/^[\w./-]+:v?\d+\.\d+\.\d+[\w.-]*$/.test(image ?? ''), `${name} has the image ${image ?? '(none)'}`),
    ),

  'nothing is published beyond 127.0.0.1': (stack) =>
    each(stack, ({ ports = [] }, name) => ports.flatMap((port) => problem(!PORT.test(port), `${name} publishes ${port}`))),

  'ports have the names and defaults of .env.example': (stack) =>
    each(stack, ({ ports = [] }, name) =>
      ports.flatMap((port) => {
        const [, setting = '', standard] = PORT.exec(port) ?? [];
        return problem(stack.example[setting] !== standard, `${name}: the default of ${setting} is not that of .env.example`);
      }),
    ),

  'ports have the names of the native stack': (stack) => {
    const published = new Set(each(stack, ({ ports = [] }) => ports.flatMap((port) => PORT.exec(port)?.[1] ?? [])));
    // MariaDB stands beside MySQL for tests; Grafana cannot be had without Docker.
    const native = nativePorts().filter((name) => name !== 'RISKFLOW_STACK_PORT_MARIADB');
    const grafana = 'RISKFLOW_STACK_PORT_GRAFANA';
    return [
      ...native.filter((name) => !published.has(name)).map((name) => `no container has the port ${name}`),
      ...[...published].filter((name) => name !== grafana && !native.includes(name)).map((name) => `npm run stack knows no ${name}`),
    ];
  },

  'no password is written down': (stack) =>
    each(stack, ({ environment = {} }, name) =>
      Object.entries(environment).flatMap(([variable, value]) => [
        ...problem(SECRET_NAME.test(variable) && !/^\$\{\w+:[?-][^}]*\}$/.test(value), `${name}: ${variable} is written down`),
        ...problem(/\/\/[^/@]*:[^/@]+@/.test(value), `${name}: ${variable} has a password in its address`),
      ]),
    ),

  'a missing password is an error': (stack) =>
    each(stack, ({ environment = {} }, name) =>
      Object.entries(environment).flatMap(([variable, value]) =>
        problem(/\$\{\w*PASSWORD\}|\$\{\w*PASSWORD:-/.test(value), `${name}: ${variable} may be empty`),
      ),
    ),

  // Riskflow refuses by itself, and Temporal has no password but the one that MySQL was given.
  'servers that make passwords refuse sample values': (stack) =>
    ['mysql', 'grafana'].flatMap((name) => {
      const { entrypoint = [], environment = {}, volumes = [] } = service(stack, name);
      const given = Object.keys(environment).filter((variable) => variable.endsWith('PASSWORD'));
      return [
        ...problem(!volumes.some((volume) => volume.endsWith(`:${REFUSAL}:ro`)) || entrypoint[1] !== REFUSAL, `${name} refuses nothing`),
        ...given.filter((variable) => !entrypoint.includes(variable)).map((variable) => `${name} would take any ${variable}`),
      ];
    }),

  'sample passwords are recognised as such': ({ example }) =>
    Object.entries(example).flatMap(([name, value]) =>
      problem(name.endsWith('PASSWORD') && !value.startsWith('change-me'), `the sample value of ${name} would be accepted`),
    ),

  '.env.example holds every variable of the compose file, and no other': (stack) => {
    const used = new Set(references(stack).map(({ name }) => name));
    return [
      ...[...used].filter((name) => stack.example[name] === undefined).map((name) => `${name} is not in .env.example`),
      ...Object.keys(stack.example)
        .filter((name) => !used.has(name))
        .map((name) => `${name} is in .env.example and nowhere used`),
    ];
  },

  'a default is the value of .env.example': (stack) =>
    references(stack)
      .filter(({ name, standard }) => standard !== undefined && stack.example[name] !== standard)
      .map(({ name, standard }) => `${name} is ${standard ?? ''} unless set, and another value in .env.example`),

  'volumes are named, or files of the project that are only read': (stack) => {
    const named = new Set<string>();
    const wrong = each(stack, ({ volumes = [] }, name) =>
      volumes.flatMap((volume) => {
        const [source = '', , mode] = volume.split(':');
        if (!source.startsWith('.')) named.add(source);
        if (source.startsWith('.')) return problem(mode !== 'ro' || !inProject(source), `${name} mounts ${volume}`);
        return problem(!Object.hasOwn(stack.compose.volumes, source), `${name} uses the undeclared volume ${source}`);
      }),
    );
    const unused = Object.keys(stack.compose.volumes).filter((volume) => !named.has(volume));
    return [...wrong, ...unused.map((volume) => `nobody uses the volume ${volume}`)];
  },

  'nobody waits for a service that a profile leaves out': (stack) =>
    each(stack, ({ profiles = [], depends_on = {} }, name) =>
      Object.keys(depends_on).flatMap((other) => {
        const theirs = stack.compose.services[other]?.profiles ?? [];
        return problem(theirs.length > 0 && !profiles.every((one) => theirs.includes(one)), `${name} waits for ${other}`).concat(
          problem(theirs.length > 0 && profiles.length === 0, `${name} always runs and waits for ${other}`),
        );
      }),
    ),

  'whoever is waited for can be': (stack) =>
    each(stack, ({ depends_on = {} }, name) =>
      Object.entries(depends_on).flatMap(([other, { condition }]) =>
        problem(
          stack.compose.services[other] === undefined || !['service_healthy', 'service_completed_successfully'].includes(condition),
          `${name} waits for ${other} until ${condition}`,
        ),
      ),
    ),

  "Temporal's versions are those of the native stack": (stack) =>
    [
      { name: 'temporal', wanted: TEMPORAL_VERSIONS.server },
      { name: 'temporal-ui', wanted: TEMPORAL_VERSIONS.ui },
      { name: 'temporal-schema', wanted: TEMPORAL_VERSIONS.server },
      { name: 'temporal-namespace', wanted: TEMPORAL_VERSIONS.server },
    ].flatMap(({ name, wanted }) => problem(version(service(stack, name).image).split('-')[0] !== wanted, `${name} is not ${wanted}`)),

  'Temporal has the namespace and the settings of the native stack': (stack) => {
    const { environment = {}, volumes = [] } = service(stack, 'temporal');
    const settings = environment['DYNAMIC_CONFIG_FILE_PATH'] ?? '(none)';
    return [
      ...problem(service(stack, 'temporal-namespace').environment?.['NAMESPACE'] !== NAMESPACE, `the namespace is not ${NAMESPACE}`),
      ...problem(!volumes.includes(`./deploy/temporal/dynamic-config.yaml:${settings}:ro`), 'Temporal reads other settings'),
    ];
  },

  "Kafka's version and replication are those of the native stack": (stack) => {
    const { image, environment = {} } = service(stack, 'kafka');
    const differing = Object.entries(SINGLE_NODE)
      .map(([name, value]) => [`KAFKA_${name.replaceAll('.', '_').toUpperCase()}`, String(value)] as const)
      .filter(([name, value]) => environment[name] !== value);
    return [
      ...problem(version(image) !== KAFKA_VERSION, `Kafka is not ${KAFKA_VERSION}`),
      ...differing.map(([name, value]) => `${name} is not ${value}`),
    ];
  },

  'MySQL has the options of the native stack': (stack) =>
    SHARED_OPTIONS.filter((option) => service(stack, 'mysql').command?.includes(option) !== true).map((option) => `MySQL lacks ${option}`),

  'Riskflow is told where MySQL and Temporal are, by the names of its settings': (stack) =>
    ['migrate', 'riskflow', 'worker'].flatMap((name) => {
      const { environment = {} } = service(stack, name);
      const needed = { RISKFLOW_MYSQL_URL: /^mysql:\/\/riskflow@mysql:3306\/riskflow$/, RISKFLOW_TEMPORAL_ADDRESS: /^temporal:7233$/ };
      return Object.entries(needed).flatMap(([variable, form]) => problem(!form.test(environment[variable] ?? ''), `${name}: ${variable}`));
    }),

  'a worker serves health and metrics where others look for them': (stack) => {
    const { command = [], healthcheck } = service(stack, 'worker');
    return [
      ...problem(!command.join(' ').endsWith('--http 0.0.0.0:9464'), 'it does not listen on port 9464'),
      ...problem(healthcheck?.test?.join(' ').includes('127.0.0.1:9464/health/ready') !== true, 'its health check asks elsewhere'),
      ...problem(!stack.prometheus.includes('names: [worker]') || !stack.prometheus.includes('port: 9464'), 'Prometheus asks elsewhere'),
    ];
  },

  'Riskflow starts on migrated tables': (stack) =>
    ['riskflow', 'worker'].flatMap((name) =>
      problem(
        service(stack, name).depends_on?.['migrate']?.condition !== 'service_completed_successfully',
        `${name} does not wait for migrate`,
      ),
    ),

  'the image has the Node that package.json pins, in every stage': ({ dockerfile, node }) => {
    const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, base = '']) => base);
    return [
      ...problem(bases.length < 2, 'the image has one stage'),
      ...bases.flatMap((base) => problem(!base.startsWith(`node:${node}-`), `${base} is not Node ${node}`)),
    ];
  },

  'the image is small, runs as nobody special and says whether it is well': ({ dockerfile }) => {
    const final = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '));
    return [
      ...problem(!/npm ci --omit=dev/.test(dockerfile), 'dev dependencies would be in the image'),
      ...problem(!/^USER node$/m.test(final), 'it would run as root'),
      ...problem(!/^HEALTHCHECK /m.test(final), 'it has no health check'),
      ...problem(!/^COPY --from=build /m.test(final), 'nothing comes from the first stage'),
    ];
  },

  'the image gets every room, and nothing that is not named': ({ dockerignore }) => {
    const lines = dockerignore.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    const missing = Object.keys(rooms).filter((room) => !lines.includes(`!${room}`));
    return [
      ...problem(lines[0] !== '*', 'what is not named would be in the image'),
      ...problem(!lines.includes('**/.env*'), 'passwords could be in the image'),
      ...missing.map((room) => `the room ${room} would not be in the image`),
    ];
  },
} as const satisfies Record<string, Rule>;
