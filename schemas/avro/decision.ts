import { list, maybe, moment, type AvroRecord } from './avro-schema.ts';

const ruleHit: AvroRecord = {
  type: 'record',
  name: 'RuleHit',
  fields: [
    maybe('nodeId', 'string', 'The node.'),
    maybe('title', 'string', 'Its title.'),
    maybe('caseId', 'string', 'The case or class that was taken.'),
  ],
};

const model: AvroRecord = {
  type: 'record',
  name: 'Model',
  fields: [maybe('provider', 'string', 'Who serves it.'), maybe('name', 'string', 'Its name there.')],
};

const tokens: AvroRecord = {
  type: 'record',
  name: 'Tokens',
  fields: [maybe('input', 'long', 'Sent to models.'), maybe('output', 'long', 'Written by models.')],
};

/** What was decided about a record. Webhooks carry the same fields as JSON, with `outputs` as an object. */
export const decisionSchema: AvroRecord = {
  type: 'record',
  name: 'Decision',
  namespace: 'riskflow',
  doc: 'What was decided about a record. It may come more than once, always with the same decisionId.',
  fields: [
    { name: 'decisionId', type: 'string', doc: 'Identity of the decision.' },
    maybe('sourceId', 'string', 'The source that the record came from.'),
    maybe('recordId', 'string', 'Identity of the record.'),
    maybe('recordKey', 'string', 'Its business key.'),
    maybe('subject', 'string', 'Who or what the record is about.'),
    maybe('category', 'string', 'What it was reported as.'),
    maybe('eventTime', moment, 'When what was reported happened.'),
    maybe('mode', 'string', 'live: decisions that are acted upon.'),
    maybe('stage', 'string', 'Who decided: live, canary, or fallback (no flow did).'),
    maybe('replay', 'int', '0 for the first decision about the record, 1 for its first replay, and so on.'),
    maybe('flow', 'string', 'The flow that decided.'),
    maybe('flowVersion', 'string', 'Its version: a SHA-256.'),
    maybe('runId', 'string', 'The run of the flow.'),
    maybe('status', 'string', 'How the run ended: succeeded, partial-succeeded, failed or stopped.'),
    maybe('label', 'string', 'The output named label, or the only one, when it is short text.'),
    maybe('score', 'double', 'The output named score.'),
    maybe('action', 'string', 'What is to be done.'),
    list('reasonCodes', 'string', 'Why, in codes.'),
    list('ruleHits', ruleHit, 'Branches that were taken.'),
    list('models', model, 'Models that were asked.'),
    list('promptIds', 'string', 'A hash for each prompt with its model and settings.'),
    maybe('inputsHash', 'string', 'SHA-256 of what the flow was given.'),
    maybe('latencyMs', 'double', 'Milliseconds from the arrival of the record to the decision.'),
    maybe('elapsedMs', 'double', 'Milliseconds that the run took.'),
    maybe('cost', 'double', 'USD; null without a price.'),
    maybe('tokens', tokens, 'Tokens of all models.'),
    maybe('outputs', 'string', 'What the flow gave, as JSON text; null where it failed, where that is too large, or was erased.'),
    maybe('outputsNote', 'string', 'Why outputs is null although the flow gave some.'),
    maybe('error', 'string', 'Why the run failed.'),
    maybe('decidedAt', moment, 'When it was decided.'),
  ],
};
