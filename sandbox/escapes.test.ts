import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CodeResult } from '../schemas/core.ts';
import { createQuickJsRunner } from './index.ts';

type Check = {
  readonly type: string;
  readonly forbid?: readonly string[];
  readonly re?: string;
  readonly ms?: number;
  readonly rss_mb?: number;
  readonly bytes?: number;
};
type EscapeCase = {
  readonly name: string;
  readonly language: string;
  readonly code: string;
  readonly then_code?: string;
  readonly check: Check;
};

const CASES = new URL('../../shared/cases/escapes.json', import.meta.url);
const present = existsSync(CASES);
const cases: readonly EscapeCase[] = present
  ? (JSON.parse(readFileSync(CASES, 'utf8')) as { readonly cases: readonly EscapeCase[] }).cases.filter(
      (row) => row.language === 'javascript',
    )
  : [];

const ORDINARY = `function main({ k }) {
  return { k, mapped: [1, 2].map((x) => x * 2), seen: typeof leak, joined: ['a', 'b'].join('-'), round: Math.round(2.4), text: JSON.stringify({ a: 1 }) };
}`;
const ORDINARY_RESULT = { k: 'v', mapped: [2, 4], seen: 'undefined', joined: 'a-b', round: 2, text: '{"a":1}' };

// One thread, so that every call meets what the call before it left.
const runner = createQuickJsRunner({ threads: 1, limits: { timeoutMs: 2000, memoryMb: 64 } });
const run = (code: string, inputs: unknown): Promise<CodeResult> =>
  runner.run({ language: 'javascript', code, inputsJson: JSON.stringify(inputs), signal: new AbortController().signal });

let connections = 0;
const listener = createServer((socket) => {
  connections += 1;
  socket.end('HELLO-HOST');
});

beforeAll(async () => {
  process.env['CANARY_SECRET'] = 'CANARY_SECRET_1';
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', () => resolve()));
});
afterAll(async () => {
  delete process.env['CANARY_SECRET'];
  listener.close();
  await runner.close();
});

describe.skipIf(!present)(`JavaScript cases of ../shared/cases/escapes.json${present ? '' : ' (skipped: ../shared is absent)'}`, () => {
  it('has cases to run', () => {
    expect(cases.length).toBeGreaterThanOrEqual(11);
  });

  it.each(cases)('$name', async ({ code, then_code, check }) => {
    const withPort = (text: string): string => text.replaceAll('@PORT@', String((listener.address() as AddressInfo).port));
    await run(ORDINARY, { k: 'PREV_CALL_SECRET' });
    const rssBefore = process.memoryUsage().rss;
    const startedAt = performance.now();
    const result = await run(withPort(code), {});
    const elapsedMs = performance.now() - startedAt;
    const second = then_code === undefined ? undefined : await run(withPort(then_code), {});

    expect(elapsedMs).toBeLessThan(5000);
    const reply = JSON.stringify([result, second]);
    for (const word of ['CANARY_SECRET', 'PREV_CALL_SECRET', ...(check.forbid ?? [])]) expect(reply).not.toContain(word);
    expect(connections).toBe(0);
    expect(complaints(check, { result, elapsedMs, rssMb: (process.memoryUsage().rss - rssBefore) / 2 ** 20 })).toEqual([]);

    const next = await run(ORDINARY, { k: 'v' });
    expect(next.ok ? JSON.parse(next.json) : next).toEqual(ORDINARY_RESULT);
  });
});

type Observed = { readonly result: CodeResult; readonly elapsedMs: number; readonly rssMb: number };

/** What a case asks for and did not get, beyond what every case asks for. */
function complaints(check: Check, { result, elapsedMs, rssMb }: Observed): readonly string[] {
  const reply = JSON.stringify(result);
  const wrong = {
    'must fail': (check.type === 'error' || check.type === 'error_within_ms') && result.ok,
    'too slow': check.ms !== undefined && elapsedMs > check.ms,
    'too much memory': check.rss_mb !== undefined && rssMb > check.rss_mb,
    'reply too large': check.bytes !== undefined && reply.length > check.bytes,
    'reply has a forbidden form': check.re !== undefined && new RegExp(check.re).test(reply),
    'prototype polluted': check.type === 'no_pollution' && pollutes(result),
    'unknown check': !KNOWN_CHECKS.has(check.type),
  };
  return Object.entries(wrong).flatMap(([name, holds]) => (holds ? [name] : []));
}

const KNOWN_CHECKS = new Set([
  'no_leak',
  'no_connection',
  'alive',
  'next_clean',
  'forbid_re',
  'error',
  'error_within_ms',
  'within_ms',
  'reply_max',
  'no_pollution',
]);

function pollutes(result: CodeResult): boolean {
  mergeCarelessly({}, JSON.parse(result.ok ? result.json : '{}') as Record<string, unknown>);
  return 'polluted' in {};
}

// What a vulnerable program would do with a result.
function mergeCarelessly(target: Record<string, unknown>, source: Record<string, unknown>): void {
  for (const key of Object.keys(source)) {
    const value = source[key];
    const old = target[key];
    if (typeof value === 'object' && value !== null && (typeof old === 'object' || typeof old === 'function') && old !== null) {
      mergeCarelessly(old as Record<string, unknown>, value as Record<string, unknown>);
    } else target[key] = value;
  }
}
