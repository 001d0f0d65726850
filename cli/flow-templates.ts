/** A flow to begin from. */
export type FlowTemplate = {
  readonly name: string;
  readonly summary: string;
  /** Below `examples/`. */
  readonly file: string;
  /** What to do with it first; FILE stands for the file that was written. */
  readonly next: string;
};

const validate = 'riskflow flow validate FILE';

export const FLOW_TEMPLATES: readonly FlowTemplate[] = [
  {
    name: 'triage',
    summary: 'rules decide the clear reports, a classifier that is trained on your samples the rest',
    file: 'report-triage/triage-cascade.yml',
    next: 'riskflow sample import reports reports.csv … makes its samples, riskflow model train reports@tune its classifier',
  },
  {
    name: 'rules',
    summary: 'sorts reports by rules alone, without any model',
    file: 'report-triage/triage-rules.yml',
    next: `riskflow run FILE --inputs '{"text": "You won a prize", "channel": "sms", "lang": "en"}'`,
  },
  {
    name: 'chat',
    summary: 'a chat flow: greets by rules, and lets a model with memory answer the rest',
    file: 'templates/chat.yml',
    next: `riskflow run FILE --query "Is this message a scam?" --map-model FROM=TO, or set OPENAI_API_KEY; ${validate} tells what is missing`,
  },
  {
    name: 'agent',
    summary: 'a chat flow whose agent uses tools (time, JSON) before it answers',
    file: 'templates/agent.yml',
    next: `${validate} tells what is missing`,
  },
  {
    name: 'each',
    summary: 'takes a list of reports apart and treats each of them in an iteration, several at a time',
    file: 'templates/each.yml',
    next: `riskflow run FILE --inputs '{"reports": "first report\\nsecond report"}'`,
  },
];
