import type { DecisionStage, FinishedRunStatus, RunMode } from './run-events.ts';

/** A branch that an if-else or classifier node took. */
export type RuleHit = { readonly nodeId: string; readonly title: string; readonly caseId: string };

/** What another decision about the same record said: a shadow is held against the live one. */
export type DecisionBeside = {
  readonly decisionId: string;
  readonly flow: string;
  readonly flowVersion: string;
  readonly label: string | null;
  readonly action: string | null;
};

/** What a run concluded about a record. Unique by (record, mode, replay). Stream `decisions/<source>/<lane>`. */
export type DecisionMade = {
  readonly type: 'DecisionMade';
  readonly data: {
    readonly decisionId: string;
    readonly sourceId: string;
    readonly recordId: string;
    readonly recordKey: string | null;
    readonly mode: RunMode;
    readonly replay: number;
    readonly flow: string;
    readonly flowVersion: string;
    readonly runId: string;
    readonly status: FinishedRunStatus;
    /** The output named `label`, or the only one, when it is short text. */
    readonly label: string | null;
    /** Blob of the encoded outputs. */
    readonly outputs: string;
    readonly error: string | null;
    // Everything below is null or empty in decisions of the first release.
    readonly lane: number | null;
    readonly arrival: number | null;
    readonly subject: string | null;
    readonly category: string | null;
    /** When what was reported happened: milliseconds since 1970 UTC. */
    readonly eventTime: number | null;
    readonly stage: DecisionStage | null;
    /** The output named `score`, where it is a number. */
    readonly score: number | null;
    /** The output named `action`, or the fallback's. */
    readonly action: string | null;
    /** The output named `reason_codes`, and why the fallback stood in. */
    readonly reasonCodes: readonly string[];
    readonly ruleHits: readonly RuleHit[];
    readonly models: readonly { readonly provider: string; readonly name: string }[];
    /** One for each node that asked a model: a hash of what the node is (its prompts, model and settings). */
    readonly promptIds: readonly string[];
    /** SHA-256 of the canonical encoded inputs. */
    readonly inputsHash: string | null;
    /** Milliseconds from the record's arrival to its decision, and those that the run took. */
    readonly latencyMs: number | null;
    readonly elapsedMs: number | null;
    /** USD; null without a price. */
    readonly cost: number | null;
    readonly tokens: { readonly input: number; readonly output: number } | null;
    readonly decidedAt: number | null;
    readonly against: DecisionBeside | null;
  };
};

/** What a decision claims with its run, so that there is one for each record, mode and replay. */
export const decisionClaim = ({ recordId, mode, replay }: Pick<DecisionMade['data'], 'recordId' | 'mode' | 'replay'>) => ({
  scope: 'decision',
  key: `${recordId}/${mode}/${replay}`,
});
