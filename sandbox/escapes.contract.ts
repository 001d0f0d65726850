import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CodeLanguage, CodeResult } from '../schemas/core.ts';
import { createCodeRunner, type CodeRunnerOptions } from './index.ts';
import type { Check, EscapeCase } from './escape-case.contract.ts';
import { ownEscapes } from './own-escapes.contract.ts';

const SHARED = new URL('../../shared/cases/escapes.json', import.meta.url);
const shared: readonly EscapeCase[] = existsSync(SHARED)
  ? (JSON.parse(readFileSync(SHARED, 'utf8')) as { readonly cases: readonly EscapeCase[] }).cases
  : [];

const ORDINARY: Readonly<Record<CodeLanguage, string>> = {
  javascript: `function main({ k }) {
  return { k, mapped: [1, 2].map((x) => x * 2), seen: typeof leak, joined: ['a', 'b'].join('-'), round: Math.round(2.4), text: JSON.stringify({ a: 1 }) };
}`,
  python3: `import json, sys, os
def main(k):
    import math
    seen = "leak" in globals() or hasattr(sys, "leak") or "leak" in os.environ or hasattr(__builtins__, "leak")
    return {"k": k, "mapped": [x * 2 for x in (1, 2)], "seen": seen, "joined": "-".join(sorted({"b", "a"})), "round": round(2.4),
            "text": json.dumps({"a": 1}), "files": os.listdir("/tmp"), "length": len("abc"), "root": math.sqrt(4)}`,
};
const ORDINARY_RESULT: Readonly<Record<CodeLanguage, object>> = {
  javascript: { k: 'v', mapped: [2, 4], seen: 'undefined', joined: 'a-b', round: 2, text: '{"a":1}' },
  python3: {
    k: 'v',
    mapped: [2, 4],
    seen: false,
    joined: 'a-b',
    round: 2,
    text: '{"a": 1}',
    files: [],
    length: 3,
    root: 2,
  },
};

type EscapeContract = {
  readonly backend: string;
  readonly language: CodeLanguage;
  readonly options: CodeRunnerOptions;
  /** Why it cannot run here; null when it can. */
  readonly missing?: string | null;
};

/**
 * What hostile code must not be able to do, on one backend. Everything runs for one owner and one after the other, so that every call meets
 * what the call before it left.
 */
export function escapeContract({ backend, language, options, missing = null }: EscapeContract): void {
  const runner = createCodeRunner({ threads: 1, processes: 1, ...options, limits: { timeoutMs: 2000, memoryMb: 64, pythonMemoryMb: 512 } });
  const scope = { workspaceId: 'w', flowVersion: 'v' };
  const run = (code: string, inputs: unknown): Promise<CodeResult> =>
    runner.run({ language, code, inputsJson: JSON.stringify(inputs), scope, signal: new AbortController().signal });

  let connections = 0;
  const listener = createServer((socket) => {
    connections += 1;
    socket.end('HELLO-HOST');
  });

  beforeAll(async () => {
    if (missing !== null) return;
    process.env['CANARY_SECRET'] = 'CANARY_SECRET_1';
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', () => resolve()));
    await run(ORDINARY[language], { k: 'first' });
  }, 60_000);
  afterAll(async () => {
    delete process.env['CANARY_SECRET'];
    listener.close();
    await runner.close();
  });

  /** What did not go as it must. */
  const play = async ({ code, then_code, check }: EscapeCase): Promise<readonly string[]> => {
    const withPort = (text: string): string => text.replaceAll('@PORT@', String((listener.address() as AddressInfo).port));
    await run(ORDINARY[language], { k: 'PREV_CALL_SECRET' });
    const rssBefore = process.memoryUsage().rss;
    const startedAt = performance.now();
    const result = await run(withPort(code), {});
    const elapsedMs = performance.now() - startedAt;
    const rssMb = (process.memoryUsage().rss - rssBefore) / 2 ** 20;
    if (then_code !== undefined) await sleep(800);
    const second = then_code === undefined ? undefined : await run(withPort(then_code), {});
    const next = await run(ORDINARY[language], { k: 'v' });

    // How long it took may by chance hold the digits that are looked for.
    const reply = JSON.stringify([result, second], (key, value: unknown) => (key === 'elapsedMs' ? undefined : value));
    const forbidden = ['CANARY_SECRET', 'PREV_CALL_SECRET', ...(check.forbid ?? [])].filter((word) => reply.includes(word));
    const isClean = next.ok && isDeepStrictEqual(JSON.parse(next.json), ORDINARY_RESULT[language]);
    return [
      ...forbidden.map((word) => `the reply holds ${word}: ${reply.slice(0, 500)}`),
      ...(connections > 0 ? ['something connected'] : []),
      ...(elapsedMs > 5000 ? [`no answer within 5 s, but after ${elapsedMs.toFixed(0)} ms`] : []),
      ...complaints(check, { result, elapsedMs, rssMb }),
      ...(isClean ? [] : [`the next call is not clean: ${JSON.stringify(next).slice(0, 500)}`]),
    ];
  };

  const why = missing === null ? '' : ` (skipped: ${missing})`;
  describe.skipIf(missing !== null)(`hostile ${language} on ${backend}${why}`, { timeout: 60_000 }, () => {
    const ofLanguage = (rows: readonly EscapeCase[]): readonly EscapeCase[] => rows.filter((row) => row.language === language);

    describe.skipIf(shared.length === 0)(
      `rows of ../shared/cases/escapes.json${shared.length > 0 ? '' : ' (skipped: ../shared is absent)'}`,
      () => {
        it('has rows', () => {
          expect(ofLanguage(shared).length).toBeGreaterThanOrEqual(11);
        });
        it.each(ofLanguage(shared))('$name', async (row) => expect(await play(row)).toEqual([]));
      },
    );

    it.each(ofLanguage(ownEscapes))('$name', async (row) => expect(await play(row)).toEqual([]));
  });
}

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
  'no_leak_prev',
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
