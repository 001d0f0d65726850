import { judgeClock } from '../clock.ts';
import { ok, problem, warning, type Judgement } from '../finding.ts';
import { missingNamespace, namespaceRemedy } from '../../temporal/namespace.ts';
import { isAtLeast, versionNumbers } from '../version-number.ts';

/** What a server tells about itself and a namespace. */
export type TemporalFacts = {
  readonly version: string;
  readonly schedules: boolean;
  /** Undefined when the namespace is not there, or not for us. */
  readonly namespace: { readonly retentionSeconds: number } | undefined;
  /** Search attributes of ours that the namespace lacks. */
  readonly missingAttributes: readonly string[];
  /** When workers last asked for tasks of the queue, in milliseconds since 1970. */
  readonly pollers: { readonly workflow: readonly number[]; readonly activity: readonly number[] };
  /** Our clock when the pollers were asked for. */
  readonly askedAt: number;
};

export type TemporalWants = {
  readonly namespace: string;
  readonly taskQueue: string;
  readonly encrypted: boolean;
  /** Whether the server is on this machine. */
  readonly near: boolean;
};

/** From here on priorities and pinned versions of workers are on by default. */
const WANTED = [1, 29, 1];
const DAY = 86_400;

export function judgeTemporal(facts: TemporalFacts, wants: TemporalWants): readonly Judgement[] {
  const general = [judgeVersion(facts), judgeEncryption(wants)];
  const { namespace } = facts;
  if (namespace === undefined) {
    return [...general, problem('namespace', missingNamespace(wants.namespace), namespaceRemedy(wants.namespace))];
  }
  return [
    ...general,
    judgeRetention(namespace.retentionSeconds, wants.namespace),
    judgeAttributes(facts.missingAttributes, wants.namespace),
    judgeWorkers(facts, wants.taskQueue),
    ...judgeServerClock(facts),
  ];
}

function judgeVersion({ version, schedules }: TemporalFacts): Judgement {
  const numbers = versionNumbers(version);
  const text = version === '' ? 'does not tell its version' : version;
  if (numbers !== undefined && !isAtLeast(numbers, WANTED)) {
    return warning(
      'version',
      `${text}: priorities and pinned workers need ${WANTED.join('.')}`,
      `bring the server to ${WANTED.join('.')} or later`,
    );
  }
  return schedules
    ? ok('version', text)
    : warning('version', `${text}, without schedules`, 'bring the server to a version that has schedules');
}

function judgeEncryption({ encrypted, near }: TemporalWants): Judgement {
  if (encrypted) return ok('encryption', 'TLS');
  if (near) return ok('encryption', 'none, and none is needed on this machine');
  return warning(
    'encryption',
    'the connection is not encrypted',
    'set temporal.tls in the configuration, such as tls: { ca: certs/ca.pem }',
  );
}

function judgeRetention(seconds: number, namespace: string): Judgement {
  const days = seconds / DAY;
  const text = `${namespace}, keeps what is over for ${days >= 1 ? `${Math.round(days * 10) / 10} days` : `${Math.round(seconds / 3600)} hours`}`;
  if (seconds >= DAY) return ok('namespace', text);
  return warning('namespace', text, `temporal operator namespace update --namespace ${namespace} --retention 168h`);
}

function judgeAttributes(missing: readonly string[], namespace: string): Judgement {
  if (missing.length === 0) return ok('search attributes', 'all are registered');
  return warning(
    'search attributes',
    `${namespace} lacks ${missing.join(', ')}: runs cannot be searched for by them`,
    'riskflow migrate registers them',
  );
}

function judgeWorkers({ pollers }: TemporalFacts, taskQueue: string): Judgement {
  const lacking = [...(pollers.workflow.length === 0 ? ['runs'] : []), ...(pollers.activity.length === 0 ? ['effects'] : [])];
  if (lacking.length === 0) return ok('workers', `${Math.max(pollers.workflow.length, pollers.activity.length)} at the queue ${taskQueue}`);
  return warning(
    'workers',
    `nobody takes ${lacking.join(' and ')} of the queue ${taskQueue}`,
    'start one: riskflow worker; or mend temporal.taskQueue',
  );
}

/** A worker cannot have asked in the future: how far it did is the least by which the clock is ahead. */
function judgeServerClock({ pollers, askedAt }: TemporalFacts): readonly Judgement[] {
  const latest = Math.max(...pollers.workflow, ...pollers.activity);
  return Number.isFinite(latest) && latest > askedAt ? [judgeClock(latest - askedAt, "the server's clock")] : [];
}

/** Why there is no connection. */
export function judgeRefusal(message: string, address: string): Judgement {
  const [remedy] = REMEDIES.flatMap(([pattern, text]) => (pattern.test(message) ? [text] : []));
  return problem('reachable', `${address}: ${message}`, remedy ?? `see that ${address} is the frontend of a Temporal server that runs`);
}

const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [
    /UNAUTHENTICATED|PERMISSION_DENIED|Unauthorized|unauthorized/,
    'mend the API key (temporal.apiKeyEnv, RISKFLOW_TEMPORAL_API_KEY) or the client certificate (temporal.tls.cert)',
  ],
  [/altname|ALTNAME|does not match/i, 'the certificate is for another name: set temporal.tls.serverName to it'],
  [
    /certificate required|bad certificate|handshake failure/i,
    'the server wants to know who you are: set temporal.tls.cert and temporal.tls.key',
  ],
  [/without TLS does/, 'if it wants TLS, set temporal.tls: {}; else see that this is its frontend, not its page'],
  [/ENOTFOUND|EAI_AGAIN/, 'see that the host is written as it should be, and that its name can be looked up here'],
  [/ECONNREFUSED/, 'start the server (`npm run stack -- up` starts one here), or mend the address'],
  [/certificate|self.signed|issuer/i, 'set temporal.tls.ca to the file of the authority that signed the certificate'],
];
