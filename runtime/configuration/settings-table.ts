/**
 * Every setting there is. `config show` and `config check` read this table, the page docs/configuration.md is held to it, and a variable
 * that is not in it is one that nobody reads.
 */
export type Setting = {
  /** Its environment variable. It comes before the configuration file. */
  readonly variable?: string;
  /** Its path in the configuration file; `*` is a name that the user chooses. */
  readonly path?: string;
  /** What holds when nothing is set, in words. */
  readonly standard: string;
  readonly meaning: string;
  readonly example: string;
  /** Secret as a whole, or an address that may hold a password. A secret variable NAME may also be given as a file, by NAME_FILE. */
  readonly secret?: 'whole' | 'password';
};

const tls = (section: string, server: string): readonly Setting[] => [
  {
    path: `${section}.tls.ca`,
    standard: 'what the system trusts',
    meaning: `PEM file of the certificates that ${server}'s must come from; with any tls setting the connection is encrypted`,
    example: 'certs/ca.pem',
  },
  {
    path: `${section}.tls.cert`,
    standard: 'none',
    meaning: 'PEM file of the certificate shown to the server (mTLS)',
    example: 'certs/client.pem',
  },
  { path: `${section}.tls.key`, standard: 'none', meaning: 'PEM file of the key of `cert`', example: 'certs/client.key' },
  {
    path: `${section}.tls.serverName`,
    standard: 'the host of the address',
    meaning: "the name that the server's certificate has, where the address has another",
    example: 'db.internal',
  },
];

const prices = (path: string): readonly Setting[] => [
  { path: `${path}.*.inputPerMillion`, standard: 'none', meaning: 'USD per million tokens sent to the model', example: '0.5' },
  { path: `${path}.*.outputPerMillion`, standard: 'none', meaning: 'USD per million tokens that the model writes', example: '1.5' },
];

const gaps = (path: string): Setting => ({
  path: `${path}.*`,
  standard: 'none: it can do all',
  meaning: 'what a model cannot do, by its name (`*`: every other): `tools`, `vision`, `json-schema`',
  example: '[tools]',
});

/** What holds when a run begins holds for it. */
const limits: readonly Setting[] = [
  { path: 'limits.maxSteps', standard: '100000', meaning: 'node starts of one run; Dify has 500', example: '100000' },
  { path: 'limits.codeMaxString', standard: '400000', meaning: 'characters of a text that a code node gives', example: '400000' },
  {
    path: 'limits.codeMaxDepth',
    standard: '5',
    meaning: 'levels of objects and lists within each other that a code node gives',
    example: '5',
  },
  { path: 'limits.codeMaxStringArray', standard: '30', meaning: 'items of a list of texts that a code node gives', example: '30' },
  { path: 'limits.codeMaxObjectArray', standard: '30', meaning: 'items of a list of objects that a code node gives', example: '30' },
  { path: 'limits.codeMaxNumberArray', standard: '1000', meaning: 'items of a list of numbers that a code node gives', example: '1000' },
  { path: 'limits.templateMaxOutput', standard: '400000', meaning: 'characters that a template node gives', example: '400000' },
];

const SINK = 'sinks.*';
const REGISTRY = `${SINK}.format.registry`;

/** Where decisions and alerts go. docs/outbox.md tells more. */
const sinks: readonly Setting[] = [
  { path: `${SINK}.kind`, standard: 'none', meaning: '`webhook` or `kafka`', example: 'webhook' },
  { path: `${SINK}.sources`, standard: 'all', meaning: 'sources whose decisions and alerts go there', example: '[reports]' },
  { path: `${SINK}.events`, standard: 'decision', meaning: 'what goes there: `decision`, `alert` or both', example: '[decision, alert]' },
  {
    path: `${SINK}.from`,
    standard: 'beginning',
    meaning: 'what a new sink is told: `beginning`, all there is; `now`, what comes from now on',
    example: 'now',
  },
  { path: `${SINK}.url`, standard: 'none', meaning: 'where it is posted to (webhook)', example: 'https://hooks.example.com/riskflow' },
  {
    path: `${SINK}.secretEnv`,
    standard: 'none',
    meaning: 'name of the variable that holds its signing secret, `whsec_` and base64 of 24 to 64 bytes (webhook)',
    example: 'HOOK_SECRET',
  },
  {
    path: `${SINK}.previousSecretEnv`,
    standard: 'none',
    meaning: 'name of the variable that holds the secret before it, while it is being retired: both sign (webhook)',
    example: 'OLD_HOOK_SECRET',
  },
  { path: `${SINK}.timeoutMs`, standard: '15000', meaning: 'milliseconds for one attempt, 100 to 120000 (webhook)', example: '15000' },
  {
    path: `${SINK}.parts`,
    standard: '4',
    meaning: 'deliveries under way at a time, 1 to 64; equal keys wait for each other (webhook)',
    example: '8',
  },
  {
    path: `${SINK}.giveUpHours`,
    standard: '72',
    meaning: 'hours after which a message that always fails is passed over, up to 336 (webhook)',
    example: '72',
  },
  { path: `${SINK}.brokers`, standard: 'none', meaning: 'host:port of some brokers (kafka)', example: '[kafka.internal:9092]' },
  { path: `${SINK}.topic`, standard: 'none', meaning: 'the topic (kafka)', example: 'decisions' },
  ...tls(SINK, 'Kafka'),
  { path: `${SINK}.sasl.mechanism`, standard: 'none', meaning: 'plain, scram-sha-256 or scram-sha-512', example: 'scram-sha-512' },
  { path: `${SINK}.sasl.username`, standard: 'none', meaning: 'the user for Kafka', example: 'riskflow' },
  {
    path: `${SINK}.sasl.passwordEnv`,
    standard: 'none',
    meaning: 'name of the variable that holds the password for Kafka',
    example: 'KAFKA_PASSWORD',
  },
  {
    path: `${SINK}.sasl.passwordFile`,
    standard: 'none',
    meaning: 'file that holds the password for Kafka',
    example: '/run/secrets/kafka-password',
  },
  {
    path: `${SINK}.format.kind`,
    standard: 'json',
    meaning: '`json`, or `avro` with a schema registry (kafka)',
    example: 'avro',
  },
  { path: `${REGISTRY}.url`, standard: 'none', meaning: 'the schema registry', example: 'https://registry.internal:8081' },
  { path: `${REGISTRY}.username`, standard: 'none', meaning: 'the user for the registry', example: 'riskflow' },
  {
    path: `${REGISTRY}.passwordEnv`,
    standard: 'none',
    meaning: 'name of the variable that holds the password for the registry',
    example: 'REGISTRY_PASSWORD',
  },
  {
    path: `${REGISTRY}.passwordFile`,
    standard: 'none',
    meaning: 'file that holds the password for the registry',
    example: '/run/secrets/registry-password',
  },
  ...tls(REGISTRY, 'the registry'),
];

export const settingsTable: readonly Setting[] = [
  { variable: 'RISKFLOW_DATA', standard: './data', meaning: 'folder of the data', example: '/var/lib/riskflow' },
  {
    variable: 'RISKFLOW_CONFIG',
    standard: './riskflow.yml, where there is one',
    meaning: 'the configuration file',
    example: '/etc/riskflow.yml',
  },
  {
    variable: 'RISKFLOW_STORAGE',
    standard: 'MySQL where one is set, else the data folder',
    meaning: '`sqlite` keeps everything in the data folder whatever else is set',
    example: 'sqlite',
  },
  {
    variable: 'RISKFLOW_MYSQL_URL',
    path: 'storage.mysql.url',
    standard: 'none: the data folder',
    meaning: 'the MySQL or MariaDB database that keeps everything; in the file without a password',
    example: 'mysql://user@127.0.0.1:3306/riskflow',
    secret: 'password',
  },
  {
    variable: 'RISKFLOW_MYSQL_PASSWORD',
    standard: 'none',
    meaning: 'the password for MySQL, where neither the address nor the file says where it is',
    example: '(a password)',
    secret: 'whole',
  },
  {
    path: 'storage.mysql.passwordEnv',
    standard: 'RISKFLOW_MYSQL_PASSWORD',
    meaning: 'name of the variable that holds the password for MySQL',
    example: 'DB_PASSWORD',
  },
  {
    path: 'storage.mysql.passwordFile',
    standard: 'none',
    meaning: 'file that holds the password for MySQL',
    example: '/run/secrets/mysql-password',
  },
  { path: 'storage.mysql.connections', standard: '8', meaning: 'most connections to MySQL of one process, 1 to 1000', example: '16' },
  {
    path: 'storage.mysql.retrySeconds',
    standard: '30',
    meaning: 'seconds for which reads and writes are tried again while MySQL cannot be reached or takes no writes, 0 to 3600',
    example: '120',
  },
  ...tls('storage.mysql', 'MySQL'),
  {
    variable: 'RISKFLOW_TEMPORAL_ADDRESS',
    path: 'temporal.address',
    standard: 'none: runs stay in this process',
    meaning: "host:port of the Temporal server's frontend",
    example: '127.0.0.1:7233',
  },
  {
    variable: 'RISKFLOW_TEMPORAL_NAMESPACE',
    path: 'temporal.namespace',
    standard: 'default',
    meaning: 'the namespace on the Temporal server',
    example: 'risk',
  },
  {
    variable: 'RISKFLOW_TEMPORAL_TASK_QUEUE',
    path: 'temporal.taskQueue',
    standard: 'riskflow',
    meaning: 'the queue on which runs and workers find each other',
    example: 'riskflow',
  },
  {
    path: 'temporal.effectAttempts',
    standard: '60, in ten minutes',
    meaning: 'how often an effect is tried that a failure of infrastructure keeps from being performed, before its run fails',
    example: '60',
  },
  {
    variable: 'RISKFLOW_BUILD_ID',
    standard: 'none: builds are not told apart',
    meaning: 'which build of Riskflow a worker is; runs stay with the build that they began on',
    example: 'v12',
  },
  {
    variable: 'RISKFLOW_TEMPORAL_API_KEY',
    standard: 'none',
    meaning: 'API key for Temporal, as Temporal Cloud has them; with it the connection is encrypted',
    example: '(a key)',
    secret: 'whole',
  },
  {
    path: 'temporal.apiKeyEnv',
    standard: 'RISKFLOW_TEMPORAL_API_KEY',
    meaning: 'name of the variable that holds the API key for Temporal',
    example: 'TEMPORAL_CLOUD_KEY',
  },
  {
    path: 'temporal.apiKeyFile',
    standard: 'none',
    meaning: 'file that holds the API key for Temporal',
    example: '/run/secrets/temporal-key',
  },
  ...tls('temporal', 'Temporal'),
  {
    variable: 'RISKFLOW_TEMPORAL_KEYS',
    standard: 'none: Temporal sees inputs and outputs',
    meaning: 'keys that encrypt what Temporal keeps, `ID:KEY,ID:KEY` with 32 bytes in base64; the first encrypts, all decrypt',
    example: '(an id, a colon, a key)',
    secret: 'whole',
  },
  {
    variable: 'OPENAI_BASE_URL',
    standard: 'https://api.openai.com/v1',
    meaning: 'any OpenAI-compatible endpoint; no key is needed for one on this machine',
    example: 'http://127.0.0.1:8000/v1',
    secret: 'password',
  },
  { variable: 'OPENAI_API_KEY', standard: 'none', meaning: 'its key', example: '(a key)', secret: 'whole' },
  ...prices('prices'),
  gaps('without'),
  {
    path: 'models.*.baseUrl',
    standard: 'none',
    meaning: 'OpenAI-compatible endpoint of a provider that flows name',
    example: 'https://api.example.com/v1',
  },
  {
    path: 'models.*.apiKeyEnv',
    standard: 'no key is sent',
    meaning: 'name of the variable that holds its key',
    example: 'EXAMPLE_API_KEY',
  },
  {
    path: 'models.*.callsPerSecond',
    standard: 'no limit',
    meaning: "calls a second to the provider's endpoint: over all workers on Temporal's per-node grain, else of each process",
    example: '20',
  },
  ...prices('models.*.prices'),
  gaps('models.*.without'),
  ...sinks,
  {
    path: 'modelConcurrency',
    standard: '16',
    meaning: 'calls in flight to model endpoints, over all runs of the process, 1 to 10000',
    example: '32',
  },
  {
    path: 'code.python',
    standard: 'auto',
    meaning: 'what runs Python code nodes: `bubblewrap`, `pyodide`, `off`; `auto` is bubblewrap where that runs, else Pyodide',
    example: 'bubblewrap',
  },
  {
    path: 'code.interpreter',
    standard: 'python3',
    meaning: 'the Python that runs in bubblewrap: a program or a path',
    example: '/usr/bin/python3.12',
  },
  { path: 'code.processes', standard: '2', meaning: 'Python calls at the same time, each in a process of its own, 1 to 64', example: '8' },
  {
    path: 'code.timeoutMs',
    standard: '15000',
    meaning: 'milliseconds that one call of a code node may take, 100 to 600000',
    example: '30000',
  },
  {
    variable: 'RISKFLOW_OUTGOING_ALLOW',
    path: 'outgoing.allow',
    standard: 'none: public addresses only',
    meaning:
      'places that requests of flows may reach though they are not public, or have another port; in the variable with commas between',
    example: '[models.internal:8000]',
  },
  {
    path: 'outgoing.ports',
    standard: '80, 443, 8080, 8443',
    meaning: 'ports of all other places that requests of flows may reach',
    example: '[80, 443]',
  },
  {
    path: 'outgoing.maxTextBytes',
    standard: '1048576',
    meaning: 'most bytes of a text that a request of a flow is answered with',
    example: '1048576',
  },
  {
    path: 'outgoing.maxBinaryBytes',
    standard: '10485760',
    meaning: 'most bytes of a file that a request of a flow sends or is answered with',
    example: '10485760',
  },
  {
    path: 'documents.maxFileBytes',
    standard: '15728640',
    meaning: 'most bytes of a file that a document-extractor node reads',
    example: '15728640',
  },
  {
    path: 'documents.maxTextLength',
    standard: '400000',
    meaning: 'most characters of the texts of one document-extractor node',
    example: '400000',
  },
  { path: 'documents.maxPages', standard: '2000', meaning: 'most pages, slides or sheets of a document', example: '500' },
  {
    path: 'documents.maxUnpackedBytes',
    standard: '104857600',
    meaning: 'most bytes that a packed document (.docx, .xlsx, …) unpacks to',
    example: '104857600',
  },
  { path: 'documents.timeoutMs', standard: '30000', meaning: 'milliseconds for reading one document, 100 to 600000', example: '30000' },
  { path: 'documents.memoryMb', standard: '256', meaning: 'megabytes of memory for reading one document, 32 to 8192', example: '512' },
  {
    path: 'tools.maxCallDepth',
    standard: '5',
    meaning: 'flows that call each other as tools, one within the other, 0 to 50',
    example: '5',
  },
  { path: 'tools.maxOutputLength', standard: '400000', meaning: 'most characters of what a tool gives', example: '400000' },
  { path: 'runTimeoutMs', standard: '1200000', meaning: 'milliseconds after which a run is stopped', example: '60000' },
  ...limits,
  {
    variable: 'RISKFLOW_SECRET_*',
    standard: 'none',
    meaning: 'value of the secret of that name that flows use',
    example: '(a secret)',
    secret: 'whole',
  },
];

/** Variables that tests and the development stack read, and the program does not. */
const DEVELOPMENT = /^RISKFLOW_(?:TEST|STACK)_|^RISKFLOW_RECORD_HISTORIES$/;

/** Every variable with a fixed name; those with secrets also as NAME_FILE. */
export const knownVariables: ReadonlySet<string> = new Set(
  settingsTable.flatMap(({ variable, secret }) => {
    if (variable === undefined || variable.endsWith('*')) return [];
    return secret === undefined ? [variable] : [variable, `${variable}_FILE`];
  }),
);

/** Variables that hold a secret, or an address with one, and have a fixed name. */
export const secretVariables: readonly string[] = settingsTable.flatMap(({ variable, secret }) =>
  variable === undefined || secret === undefined || variable.endsWith('*') ? [] : [variable],
);

export const isReadVariable = (name: string): boolean =>
  knownVariables.has(name) || name.startsWith('RISKFLOW_SECRET_') || DEVELOPMENT.test(name);

/** The setting at a path of the configuration file, such as `models.acme.baseUrl` given in parts. */
export const settingAt = (path: readonly string[]): Setting | undefined =>
  settingsTable.find(
    (setting) => setting.path !== undefined && fits(setting.path.split('.'), path) && setting.path.split('.').length === path.length,
  );

/** The names that may stand below a path of the configuration file; none where the user chooses them. */
export function namesBelow(path: readonly string[]): readonly string[] {
  const below = settingsTable.flatMap((setting) => {
    const parts = setting.path?.split('.') ?? [];
    return parts.length > path.length && fits(parts, path) ? [parts[path.length] ?? ''] : [];
  });
  return [...new Set(below)].filter((name) => name !== '*');
}

const fits = (pattern: readonly string[], path: readonly string[]): boolean =>
  path.every((part, i) => pattern[i] === '*' || pattern[i] === part);
