import type { LogEntry } from '@temporalio/worker';
import { describe, expect, it } from 'vitest';
import { RiskflowError } from '../../schemas/index.ts';
import { keyMissing } from './codec-trouble.ts';
import { repeatlessLog } from './worker-log.ts';

const TIME = '2026-11-21T10:00:00.000Z';
const MESSAGE = 'Failed to process Workflow Activation';
const entry = (meta: LogEntry['meta'], message = MESSAGE): LogEntry => ({
  ...{ level: 'ERROR', message, timestampNanos: BigInt(Date.parse(TIME)) * 1_000_000n },
  ...(meta === undefined ? {} : { meta }),
});
const missing = (id: string) => new RiskflowError('missing_key', keyMissing(id, ['b1']), { hint: 'add it' });

function logged(entries: readonly LogEntry[]): readonly string[] {
  const told: string[] = [];
  const log = repeatlessLog((text) => told.push(text));
  for (const each of entries) log(each);
  return told;
}

describe('repeatlessLog', () => {
  it('tells a key that is missing once, with its code, the setting and no stack, and then counts', () => {
    const told = logged(Array.from({ length: 120 }, (_, i) => entry({ error: missing('a1'), runId: `r-${i}` })));
    expect(told.length).toBe(3);
    expect(told[0]).toMatch(
      /^2026-11-21T10:00:00\.000Z \[ERROR\] missing_key: a payload of Temporal is encrypted with the key "a1", .* RISKFLOW_TEMPORAL_KEYS \("b1"\)\n {2}→ add it\n/,
    );
    expect(told[0]).not.toContain('    at ');
    expect(told.slice(1).map((text) => / \d+ times so far: a payload/.exec(text)?.[0].trim())).toEqual([
      '10 times so far: a payload',
      '100 times so far: a payload',
    ]);
  });

  it('keeps other causes apart, each told in full the first time', () => {
    const told = logged([
      entry({ error: missing('a1') }),
      entry({ error: missing('a2') }),
      entry({ error: new Error('else') }),
      entry({ error: new Error('else') }),
      entry(undefined, 'a poll failed'),
    ]);
    expect(told.map((text) => /"a1"|"a2"|else|a poll failed/.exec(text)?.[0])).toEqual(['"a1"', '"a2"', 'else', 'a poll failed']);
    expect(told[2]).toContain('    at ');
  });

  it('leaves out what the native part says of the same failure', () => {
    const native = (text: string) =>
      entry({ run_id: 'r', failure: `Failure { failure: Some(Failure { message: "${text}", source` }, 'Failing workflow task');
    expect(logged([native(keyMissing('a1', []).replaceAll('"', '\\"'))])).toEqual([]);
    expect(logged([native('nondeterminism')]).length).toBe(1);
  });
});
