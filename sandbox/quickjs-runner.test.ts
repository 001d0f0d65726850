import { afterAll, describe, expect, it } from 'vitest';
import type { CodeResult } from '../schemas/core.ts';
import { createQuickJsRunner } from './quickjs-runner.ts';

const limits = { timeoutMs: 1000, memoryMb: 32, maxResultLength: 10_000, maxCodeLength: 5000, maxInputLength: 5000 };
const runner = createQuickJsRunner({ threads: 1, limits });
/** For what would reach the limit of time first on a busy machine. */
const patient = createQuickJsRunner({ threads: 1, limits: { ...limits, timeoutMs: 30_000 } });
const never = new AbortController().signal;
const runOn =
  (by: typeof runner) =>
  (code: string, inputsJson = '{}', signal = never): Promise<CodeResult> =>
    by.run({ language: 'javascript', code, inputsJson, signal });
const run = runOn(runner);
const outputs = (result: CodeResult): unknown => (result.ok ? JSON.parse(result.json) : result);

afterAll(() => Promise.all([runner.close(), patient.close()]));

describe('what main() gives', () => {
  it.each([
    ['a function declaration', 'function main({ a, b }) { return { sum: a + b } }', '{"a":1,"b":2}', { sum: 3 }],
    ['an arrow in a const', 'const main = ({ a }) => ({ a })', '{"a":"x"}', { a: 'x' }],
    ['an async function', 'async function main({ a }) { await null; return { a } }', '{"a":[1]}', { a: [1] }],
    ['promises in a chain', 'const main = () => Promise.resolve(1).then((x) => x + 1).then((r) => ({ r }))', '{}', { r: 2 }],
    [
      'one object with all inputs',
      'function main(inputs) { return { names: Object.keys(inputs) } }',
      '{"a":1,"b":2}',
      { names: ['a', 'b'] },
    ],
    [
      'names which the host uses too',
      'const JSON = 1, Promise = 2, console = 3; const main = () => ({ r: JSON + Promise })',
      '{}',
      { r: 3 },
    ],
    ['changed built-ins', 'JSON.stringify = () => "forged"; JSON.parse = 0; const main = ({ a }) => ({ a })', '{"a":1}', { a: 1 }],
    [
      'setters laid on Object.prototype',
      'Object.defineProperty(Object.prototype, "a", { set() { throw 1 } }); const main = (i) => ({ r: i.a })',
      '{"a":1}',
      { r: 1 },
    ],
    ['printing while debugging', 'function main() { console.log("x", {}); return { r: 1 } }', '{}', { r: 1 }],
    [
      'floats and integers as JavaScript knows them',
      'const main = ({ f, n }) => ({ f, half: n / 2 })',
      '{"f":2.0,"n":5}',
      { f: 2, half: 2.5 },
    ],
    ['texts beyond ASCII', 'const main = ({ t }) => ({ t, n: t.length })', '{"t":"风险\\u0000😀"}', { t: '风险\u0000😀', n: 5 }],
    ['NaN, as JSON has it', 'const main = () => ({ r: 0 / 0 })', '{}', { r: null }],
  ])('%s', async (_name, code, inputs, expected) => {
    expect(outputs(await run(code, inputs))).toEqual(expected);
  });
});

describe('how main() fails', () => {
  it.each([
    [
      'a thrown error, with its line',
      'function main() {\n  throw new TypeError("no such field")\n}',
      'CodeExecutionError',
      /^TypeError: no such field \(line 2\)$/,
    ],
    ['a thrown text', 'function main() { throw "plain" }', 'CodeExecutionError', /^plain$/],
    ['a thrown object with a trap', 'function main() { throw { toJSON() { throw 1 } } }', 'CodeExecutionError', /cannot be described/],
    ['a rejected promise', 'const main = async () => { null.x }', 'CodeExecutionError', /^TypeError: .*null/],
    ['wrong syntax', 'function main( {', 'CodeExecutionError', /^SyntaxError: .*\(line 1\)$/],
    ['no main', 'const mian = () => ({})', 'CodeExecutionError', /no function named main/],
    ['main is no function', 'const main = 1', 'CodeExecutionError', /no function named main/],
    ['a promise nobody settles', 'const main = () => new Promise(() => {})', 'CodeExecutionError', /nothing will ever settle/],
    ['a list', 'const main = () => [1]', 'CodeOutputError', /must return an object/],
    ['nothing', 'const main = () => {}', 'CodeOutputError', /must return an object/],
    ['a big integer', 'const main = () => ({ r: 1n })', 'CodeExecutionError', /BigInt/],
    ['a ring', 'const main = () => { const a = {}; a.a = a; return a }', 'CodeExecutionError', /circular/],
    ['a result without JSON', 'const main = () => ({ toJSON() {} })', 'CodeOutputError', /cannot be written as JSON/],
    [
      'a result too large',
      'const main = () => ({ r: "x".repeat(20000) })',
      'CodeOutputError',
      /20008 characters of JSON, where the limit is 10000/,
    ],
    ['code too large', `const main = () => ({}); // ${'x'.repeat(5000)}`, 'CodeExecutionError', /The code of the code node is too large/],
    ['an endless loop', 'const main = () => { for (;;) {} }', 'CodeTimeoutError', /longer than 1000 ms/],
    [
      'an endless loop that catches everything',
      'function main() { for (;;) try { for (;;) {} } catch {} }',
      'CodeTimeoutError',
      /longer than 1000 ms/,
    ],
    ['an endless loop outside main', 'for (;;) {}', 'CodeTimeoutError', /longer than 1000 ms/],
    ['an endless chain of promises', 'const main = async () => { for (;;) await null }', 'CodeTimeoutError', /longer than 1000 ms/],
    [
      'native work that polls no deadline',
      'const main = () => ({ r: new Array(4294967294).indexOf(5) })',
      'CodeTimeoutError',
      /longer than 1000 ms/,
    ],
    ['a loop in toJSON', 'const main = () => ({ toJSON() { for (;;) {} } })', 'CodeTimeoutError', /longer than 1000 ms/],
    ['recursion without end', 'function main() { return main() }', 'CodeExecutionError', /stack overflow/],
    ['deeply nested source', `const main = () => (${'('.repeat(2000)}1${')'.repeat(2000)})`, 'CodeOutputError', /must return an object/],
    ['modules', 'import fs from "node:fs"; const main = () => ({})', 'CodeExecutionError', /^SyntaxError/],
    ['a dynamic import', 'const main = async () => ({ r: await import("node:fs") })', 'CodeExecutionError', /./],
  ])('%s', async (_name, code, type, message) => {
    expect(await run(code)).toMatchObject({ ok: false, type, message: expect.stringMatching(message) as unknown });
    expect(outputs(await run('const main = ({ k }) => ({ k })', '{"k":"v"}'))).toEqual({ k: 'v' });
  });

  it.each([
    ['lists without end', 'function main() { const a = []; for (;;) a.push(new Array(1e5).fill(1)) }'],
    ['texts without end', 'function main() { const a = []; for (let i = 0; ; i++) a.push("x".repeat(1e6) + i) }'],
  ])('%s', { timeout: 60_000 }, async (_name, code) => {
    const failure = { ok: false, type: 'CodeMemoryError', message: expect.stringMatching(/more memory/) as unknown };
    const runWithTime = runOn(patient);
    expect(await runWithTime(code)).toMatchObject(failure);
    expect(outputs(await runWithTime('const main = ({ k }) => ({ k })', '{"k":"v"}'))).toEqual({ k: 'v' });
  });

  it('inputs that are no JSON, or too large', async () => {
    expect(await run('const main = () => ({})', '{')).toMatchObject({
      ok: false,
      type: 'CodeExecutionError',
      message: expect.stringMatching(/^SyntaxError/) as unknown,
    });
    expect(await run('const main = () => ({})', JSON.stringify({ a: 'x'.repeat(5000) }))).toMatchObject({
      ok: false,
      message: expect.stringContaining('inputs') as unknown,
    });
  });
});

describe('isolation', () => {
  it('gives the code none of these', async () => {
    const names = [
      'process',
      'require',
      'fetch',
      'setTimeout',
      'setInterval',
      'WebAssembly',
      'Worker',
      'Buffer',
      'std',
      'os',
      'module',
      'postMessage',
    ];
    const code = `const main = () => ({ found: ${JSON.stringify(names)}.filter((name) => name in globalThis) })`;
    expect(outputs(await run(code))).toEqual({ found: [] });
  });

  it('leaves nothing of one call for the next', async () => {
    await run('globalThis.left = 1; Array.prototype.map = () => "forged"; var kept = 2; const main = () => ({})');
    const code = 'const main = () => ({ left: typeof left, kept: typeof kept, map: [1].map((x) => x + 1) })';
    expect(outputs(await run(code))).toEqual({ left: 'undefined', kept: 'undefined', map: [2] });
  });
});

describe('calls and threads', () => {
  it('answers many calls at once, each with its own result', async () => {
    const many = createQuickJsRunner({ threads: 2, callsPerThread: 7 });
    const results = await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        many.run({ language: 'javascript', code: 'const main = ({ i }) => ({ i })', inputsJson: `{"i":${i}}`, signal: never }),
      ),
    );
    expect(results.map(outputs)).toEqual(Array.from({ length: 40 }, (_, i) => ({ i })));
    await many.close();
  });

  it('an abort ends a running call at once, and takes a waiting one off the queue', async () => {
    const running = new AbortController();
    const waiting = new AbortController();
    const first = run('const main = () => { for (;;) {} }', '{}', running.signal);
    const second = run('const main = () => ({})', '{}', waiting.signal);
    const third = run('const main = () => ({ r: 3 })');
    waiting.abort(new Error('second was stopped'));
    await expect(second).rejects.toThrow('second was stopped');
    running.abort(new Error('first was stopped'));
    await expect(first).rejects.toThrow('first was stopped');
    expect(outputs(await third)).toEqual({ r: 3 });
    await expect(run('const main = () => ({})', '{}', running.signal)).rejects.toThrow('first was stopped');
  });

  it('closing ends what runs and refuses what comes', async () => {
    const short = createQuickJsRunner({ threads: 1 });
    const call = { language: 'javascript', code: 'const main = () => { for (;;) {} }', inputsJson: '{}', signal: never } as const;
    const running = short.run(call);
    const waiting = short.run(call);
    await short.close();
    await expect(waiting).rejects.toThrow('closed');
    await expect(
      running.then(
        (result) => (result.ok ? 'ok' : 'failed'),
        () => 'failed',
      ),
    ).resolves.toBe('failed');
    await expect(short.run(call)).rejects.toThrow('closed');
  });
});
