import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PLAN_VERSION, type RunStarted } from '../../schemas/index.ts';
import type { RunFlowArgs } from '../../workflows/index.ts';
import { cutText, DETAILS_BYTES, escapeMarkdown, runLabels, SUMMARY_BYTES, workflowIdOf } from './run-labels.ts';

const VERSION = '3f9c2a1b7d5e4f60'.repeat(4);

const argsOf = (change: Partial<RunStarted['data']> = {}): RunFlowArgs => ({
  workspaceId: 'default',
  runId: 'r-1',
  flowVersion: VERSION,
  actor: 'cli',
  timeoutMs: 1_000,
  started: {
    type: 'RunStarted',
    data: {
      runId: 'r-1',
      planVersion: PLAN_VERSION,
      flow: 'triage-rules',
      flowVersion: VERSION,
      mode: 'manual',
      origin: { kind: 'manual' },
      inputs: { text: 'canary' },
      system: { query: 'canary' },
      environment: { region: 'canary' },
      pins: {},
      modelMap: {},
      at: 0,
      ...change,
    },
  },
});
const bytes = (text: string): number => Buffer.byteLength(JSON.stringify(text));

const sample = { kind: 'sample', evaluationId: 'e1', sampleId: 's7', variant: 'B', repeat: 1 } as const;
const record = { kind: 'record', sourceId: 'sms', recordId: 'rec-9' } as const;

describe('what an operator reads about a run', () => {
  it('has an id that says what it is', () => expect(workflowIdOf({ workspaceId: 'default', runId: 'r-1' })).toBe('default/run/r-1'));

  it.each<[string, Partial<RunStarted['data']>, string]>([
    ['asked for by hand', {}, 'triage-rules · 3f9c2a1b7d5e · manual'],
    ['of a record', { mode: 'live', origin: record }, 'triage-rules · 3f9c2a1b7d5e · live · record rec-9 of sms'],
    ['of a sample', { mode: 'evaluation', origin: sample }, 'triage-rules · 3f9c2a1b7d5e · evaluation · sample s7, variant B'],
    [
      'of a sample, again',
      { mode: 'evaluation', origin: { ...sample, repeat: 3 } },
      'triage-rules · 3f9c2a1b7d5e · evaluation · sample s7, variant B, repeat 3',
    ],
    [
      'of a schedule',
      { mode: 'scheduled', origin: { kind: 'schedule', schedule: 'nightly', scheduledFor: 1 } },
      'triage-rules · 3f9c2a1b7d5e · scheduled · schedule nightly',
    ],
    [
      'of a batch',
      { mode: 'backtest', origin: { kind: 'batch', batchId: 'b1', place: 7 } },
      'triage-rules · 3f9c2a1b7d5e · backtest · place 7 of batch b1',
    ],
    ['of a flow with a wild name', { flow: 'a|b\n*c* <d>' }, String.raw`a\|b \*c\* \<d\> · 3f9c2a1b7d5e · manual`],
  ])('the summary: a run %s', (_, change, summary) => expect(runLabels(argsOf(change)).staticSummary).toBe(summary));

  it('the details: a table, and how to see more', () => {
    expect(runLabels(argsOf()).staticDetails).toBe(
      [
        '| | |',
        '|---|---|',
        '| flow | triage-rules |',
        `| version | ${VERSION} |`,
        '| run | r-1 |',
        '| workspace | default |',
        '| mode | manual |',
        '| asked for by | cli |',
        '',
        'Once it is over, see its results with `riskflow run --resume r-1`.',
      ].join('\n'),
    );
  });

  it.each<[Partial<RunStarted['data']>, string]>([
    [{ origin: record }, '`riskflow decision list --source sms`'],
    [{ origin: { ...record, sourceId: "s m's`" } }, "`riskflow decision list --source 's m'\\''s?'`"],
    [{ origin: sample }, '`riskflow eval show e1 --results`'],
    [{ pins: { llm: { outputs: {} } } }, '| pinned nodes | llm |'],
    [{ modelMap: { 'openai/gpt-4o': { provider: 'openai', name: 'mock' } } }, '| replaced models | openai/gpt-4o → openai/mock |'],
  ])('the details of %j', (change, told) => expect(runLabels(argsOf(change)).staticDetails).toContain(told));

  it('the memo names the flow', () => {
    expect(runLabels(argsOf()).memo).toEqual({ flow: 'triage-rules', flowVersion: VERSION, mode: 'manual', runId: 'r-1' });
  });

  it('has neither inputs nor outputs', () => expect(JSON.stringify(runLabels(argsOf()))).not.toContain('canary'));

  it('fits what the server takes, whatever the names', () => {
    const name = fc.string({ unit: 'binary', maxLength: 2_000 });
    fc.assert(
      fc.property(name, name, fc.dictionary(name, fc.constant({ outputs: {} }), { maxKeys: 20 }), (flow, other, pins) => {
        const origin = { ...sample, sampleId: other, evaluationId: other };
        const { staticSummary, staticDetails } = runLabels(argsOf({ flow, origin, pins }));
        expect(bytes(staticSummary)).toBeLessThanOrEqual(SUMMARY_BYTES);
        expect(staticSummary).not.toMatch(/[\r\n]/);
        expect(bytes(staticDetails)).toBeLessThanOrEqual(DETAILS_BYTES);
        expect(staticDetails.split('\n').filter((line) => line.startsWith('|')).length).toBeLessThanOrEqual(9);
      }),
    );
  });
});

describe('escapeMarkdown', () => {
  it.each([
    ['plain-name 1.2 (a+b)', 'plain-name 1.2 (a+b)'],
    ['_a_ *b* `c` [d](e) #f ~g~', String.raw`\_a\_ \*b\* \`c\` \[d\](e) \#f \~g\~`],
    ['![x] <b>&amp;', String.raw`\!\[x\] \<b\>\&amp;`],
    ['back\\slash | cell\nline', String.raw`back\\slash \| cell line`],
    ['\ud800', '\ufffd'],
  ])('%j', (text, escaped) => expect(escapeMarkdown(text)).toBe(escaped));
});

describe('cutText', () => {
  it.each([
    ['short', 10, 'short'],
    ['abcdefgh', 10, 'abcdefgh'],
    ['abcdefghi', 10, 'abcde…'],
    ['题目题目', 12, '题目…'],
    [String.raw`ab\\\\\\\\`, 12, 'ab\\\\…'],
    [String.raw`abcde\*\*\*\*`, 12, 'abcde…'],
  ])('%j to %i bytes of JSON', (text, limit, cut) => {
    expect(cutText(text, limit)).toBe(cut);
    expect(bytes(cut)).toBeLessThanOrEqual(Math.max(limit, 10));
  });
});
