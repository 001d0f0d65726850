import type { DecisionMade, Json, SourceSettings } from '../schemas/core.ts';
import type { Upcasters } from './upcasting.ts';

/** The form in which the first release described a source: always a file of JSON lines. */
type FirstSource = {
  readonly sourceId: string;
  readonly location: string;
  readonly flow: string;
  readonly flowVersion: string | null;
  readonly keyField: string | null;
  readonly inputMap: Readonly<Record<string, string>>;
  readonly queryField: string | null;
  readonly onDuplicateKey: SourceSettings['onDuplicateKey'];
};

function sourceWithSettings(data: unknown): unknown {
  const { sourceId, location, flow, flowVersion, keyField, inputMap, queryField, onDuplicateKey } = data as FirstSource;
  const settings: SourceSettings = {
    connector: { kind: 'file', path: location, format: 'ndjson', follow: false },
    record: {
      inputs: inputMap,
      ...(queryField === null ? {} : { query: queryField }),
      ...(keyField === null ? {} : { key: keyField }),
      samplingRate: 1,
    },
    onDuplicateKey,
    decide: { concurrency: 8, fallback: { mode: 'none' }, maxPending: 20_000 },
    errors: 'all',
  };
  return { sourceId, settings, flow, flowVersion };
}

/** What decisions of the first release do not say. */
const UNTOLD: Pick<
  DecisionMade['data'],
  | 'lane'
  | 'arrival'
  | 'subject'
  | 'category'
  | 'eventTime'
  | 'stage'
  | 'score'
  | 'action'
  | 'reasonCodes'
  | 'ruleHits'
  | 'models'
  | 'promptIds'
  | 'inputsHash'
  | 'latencyMs'
  | 'elapsedMs'
  | 'cost'
  | 'tokens'
  | 'decidedAt'
  | 'against'
> = {
  lane: null,
  arrival: null,
  subject: null,
  category: null,
  eventTime: null,
  stage: null,
  score: null,
  action: null,
  reasonCodes: [],
  ruleHits: [],
  models: [],
  promptIds: [],
  inputsHash: null,
  latencyMs: null,
  elapsedMs: null,
  cost: null,
  tokens: null,
  decidedAt: null,
  against: null,
};

const tellingDecision = (data: unknown): unknown => ({ ...(data as Readonly<Record<string, Json>>), ...UNTOLD });

/** The event types whose form has changed since the first release. */
export const upcasters: Upcasters = { SourceCreated: [sourceWithSettings], DecisionMade: [tellingDecision] };
