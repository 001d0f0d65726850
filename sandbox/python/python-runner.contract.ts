import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CodeResult, CodeScope } from '../../schemas/core.ts';
import { createCodeRunner, type CodeRunnerOptions } from '../index.ts';

/** What Python code nodes are given and give, the same on every backend. `missing`: why it cannot run here. */
export function pythonRunnerContract(backend: string, options: CodeRunnerOptions, missing: string | null = null): void {
  const limits = { timeoutMs: 5000, maxResultLength: 10_000, maxCodeLength: 5000, maxInputLength: 50_000 };
  const runner = createCodeRunner({ processes: 1, ...options, limits });
  const mine: CodeScope = { workspaceId: 'w', flowVersion: 'v1' };
  const never = new AbortController().signal;
  const run = (code: string, inputsJson = '{}', scope = mine): Promise<CodeResult> =>
    runner.run({ language: 'python3', code, inputsJson, scope, signal: never });
  const text = (result: CodeResult): unknown => (result.ok ? result.json : result);

  const why = missing === null ? '' : ` (skipped: ${missing})`;
  describe.skipIf(missing !== null)(`Python on ${backend}${why}`, { timeout: 60_000 }, () => {
    beforeAll(async () => {
      await run('def main(): return {}');
    }, 60_000);
    afterAll(() => runner.close());

    it.each<readonly [string, string, string, string]>([
      ['inputs come by name', 'def main(b, a):\n    return {"a": a, "b": b}', '{"a":1,"b":2}', '{"a": 1, "b": 2}'],
      ['a float stays a float', 'def main(x):\n    return {"x": x, "t": type(x).__name__}', '{"x":2.0}', '{"x": 2.0, "t": "float"}'],
      ['an integer stays an integer', 'def main(x):\n    return {"x": x, "h": x / 2}', '{"x":2}', '{"x": 2, "h": 1.0}'],
      [
        'large integers are exact',
        'def main(x):\n    return {"x": x + 1}',
        '{"x":9007199254740993000000}',
        '{"x": 9007199254740993000001}',
      ],
      ['None, True and nesting', 'def main(x):\n    return {"x": x}', '{"x":[null,true,{"a":[]}]}', '{"x": [null, true, {"a": []}]}'],
      ['texts beyond ASCII', 'def main(t):\n    return {"t": t, "n": len(t)}', '{"t":"风险😀"}', '{"t": "风险😀", "n": 3}'],
      ['half of a pair', 'def main():\n    return {"t": "\\ud83d"}', '{}', '{"t":"\\ud83d"}'],
      ['tuples are lists, keys are texts', 'def main():\n    return {"t": (1, 2), 3: 4}', '{}', '{"t": [1, 2], "3": 4}'],
      ['keys keep their order', 'def main():\n    return {"b": 1, "a": 2}', '{}', '{"b": 1, "a": 2}'],
      [
        'what is printed goes nowhere',
        'import sys\nprint("x" * 100000)\ndef main():\n    print("y", file=sys.stderr)\n    return {"r": input is not None}',
        '{}',
        '{"r": true}',
      ],
      [
        'annotations, classes and imports',
        'from dataclasses import dataclass\nimport json, re\n@dataclass\nclass P:\n    n: int\ndef main(t: str) -> dict:\n    return {"n": P(len(re.findall("a", t))).n}',
        '{"t":"banana"}',
        '{"n": 3}',
      ],
      ['default arguments', 'def main(a, b="x"):\n    return {"r": a + b}', '{"a":"1"}', '{"r": "1x"}'],
      ['as the main module', 'r = __name__\ndef main():\n    return {"r": r}', '{}', '{"r": "__main__"}'],
      [
        'files in the working folder',
        'def main():\n    open("a.txt", "w").write("x")\n    return {"r": open("a.txt").read()}',
        '{}',
        '{"r": "x"}',
      ],
      [
        'keys by which prototypes are polluted are taken out',
        'def main():\n    return {"__proto__": {"x": 1}, "f": 2.0}',
        '{}',
        '{"f":2.0}',
      ],
    ])('%s', async (_name, code, inputs, expected) => {
      expect(text(await run(code, inputs))).toBe(expected);
    });

    it.each<readonly [string, string, string, RegExp]>([
      [
        'an exception, with its line',
        'def main():\n    x = 1\n    raise KeyError("no such field")',
        'CodeExecutionError',
        /^KeyError: 'no such field' \(line 3\)$/,
      ],
      [
        'the line is of the user, not of a library',
        'import json\ndef main():\n    return json.loads("{")',
        'CodeExecutionError',
        /^JSONDecodeError: .* \(line 3\)$/,
      ],
      ['an exception of their own', 'class Bad(Exception): pass\ndef main(): raise Bad()', 'CodeExecutionError', /^Bad \(line 2\)$/],
      ['wrong syntax', 'def main(:\n    pass', 'CodeExecutionError', /^SyntaxError: .*\(line 1\)$/],
      ['wrong indentation', 'def main():\nreturn {}', 'CodeExecutionError', /^IndentationError: .*\(line 2\)$/],
      ['no main', 'def mian(): return {}', 'CodeExecutionError', /no function named main/],
      [
        'an argument that is not given',
        'def main(a): return {}',
        'CodeExecutionError',
        /^TypeError: main\(\) missing 1 required positional argument: 'a'/,
      ],
      ['the end of Python', 'import sys\ndef main(): sys.exit(3)', 'CodeExecutionError', /^SystemExit: 3/],
      ['the end of the process', 'import os\ndef main(): os._exit(3)', 'CodeExecutionError', /ended Python/],
      ['recursion without end', 'def main():\n    return main()', 'CodeExecutionError', /RecursionError|ended Python/],
      ['a list', 'def main(): return [1]', 'CodeOutputError', /must return a dict .* returned list/],
      ['nothing', 'def main(): pass', 'CodeOutputError', /returned None/],
      ['NaN', 'def main(): return {"r": float("nan")}', 'CodeOutputError', /cannot be written as JSON: ValueError/],
      ['an infinity', 'def main(): return {"r": 1e999}', 'CodeOutputError', /cannot be written as JSON: ValueError/],
      ['a set', 'def main(): return {"r": {1}}', 'CodeOutputError', /TypeError: Object of type set is not JSON serializable/],
      ['a ring', 'def main():\n    a = {}\n    a["a"] = a\n    return a', 'CodeOutputError', /ValueError|RecursionError/],
      [
        'a result too large',
        'def main(): return {"r": "x" * 20000}',
        'CodeOutputError',
        /20009 characters of JSON, where the limit is 10000/,
      ],
      ['code too large', `#${'x'.repeat(5000)}\ndef main(): return {}`, 'CodeExecutionError', /The code of the code node is too large/],
      [
        'a package that is not there',
        'import numpy_that_is_not_there',
        'CodeExecutionError',
        /^ModuleNotFoundError: No module named 'numpy_that_is_not_there' \(line 1\): .*riskflow code install/,
      ],
    ])('%s', async (_name, code, type, message) => {
      expect(await run(code)).toMatchObject({ ok: false, type, message: expect.stringMatching(message) as unknown });
      expect(text(await run('def main(k): return {"k": k}', '{"k":"v"}'))).toBe('{"k": "v"}');
    });

    it('tells no path of this machine', async () => {
      const results = [
        await run('from json import nope'),
        await run('def main(): open("/nope/x")'),
        await run('import sys\ndef main(): return {"r": sys.path}'),
      ];
      expect(JSON.stringify(results)).not.toMatch(/\/work\/|\/root\/|\/home\/|pyenv/);
    });

    it('the order of samples changes no result', async () => {
      // Each leaves a trace wherever it can, and says what traces it found.
      const code = `import sys, os, builtins, random, json, decimal, collections
seen = [getattr(sys, "trace", 0), getattr(builtins, "trace", 0), getattr(json, "trace", 0), len(os.listdir(".")), os.environ.get("TRACE", ""),
        decimal.getcontext().prec, len(sys.path), len(sys.meta_path), os.getcwd(), sys.getrecursionlimit(), list({"a", "b", "c", "d"})]
def main(n):
    sys.trace = builtins.trace = json.trace = n
    os.environ["TRACE"] = str(n)
    open("trace%d" % n, "w").write("x")
    decimal.getcontext().prec = n + 1
    sys.path.append(str(n)); sys.meta_path.append(None); sys.setrecursionlimit(500 + n)
    os.chdir("/")
    random.seed(n)
    return {"n": n, "seen": seen, "hash": hash("text")}`;
      const numbers = [1, 2, 3, 4, 5, 6];
      const inOrder = await all(numbers, (n) => run(code, `{"n":${n}}`));
      const reversed = await all(numbers.toReversed(), (n) => run(code, `{"n":${n}}`));
      expect(inOrder.every((result) => result.ok)).toBe(true);
      expect(reversed.map(text).toReversed()).toEqual(inOrder.map(text));
      const other = await run(code, '{"n":1}', { workspaceId: 'other', flowVersion: 'v1' });
      expect(text(other)).toBe(text(inOrder[0] ?? other));
    });

    it('random numbers differ from call to call', async () => {
      const code = 'import random, uuid, os\ndef main():\n    return {"r": [random.random(), str(uuid.uuid4()), os.urandom(8).hex()]}';
      const drawn = await all([1, 2, 3], async () => text(await run(code)));
      expect(new Set(drawn).size).toBe(3);
    });

    it('another workspace or flow version gets another process', async () => {
      const code = 'import os\ndef main():\n    return {"r": 1}';
      for (const scope of [mine, { ...mine, workspaceId: 'other' }, { ...mine, flowVersion: 'v2' }, mine]) {
        expect(text(await run(code, '{}', scope))).toBe('{"r": 1}');
      }
    });

    it('a call that is aborted ends at once, and the next one works', async () => {
      const aborting = AbortSignal.timeout(300);
      const call = runner.run({
        language: 'python3',
        code: 'def main():\n    while True: pass',
        inputsJson: '{}',
        scope: mine,
        signal: aborting,
      });
      await expect(call).rejects.toThrow(/timeout|aborted/i);
      expect(text(await run('def main(): return {"r": 1}'))).toBe('{"r": 1}');
    });

    it('calls at the same time each get their own result', async () => {
      const results = await Promise.all(Array.from({ length: 20 }, (_, n) => run('def main(n): return {"n": n}', `{"n":${n}}`)));
      expect(results.map(text)).toEqual(Array.from({ length: 20 }, (_, n) => `{"n": ${n}}`));
    });
  });
}

async function all<T, R>(items: readonly T[], each: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = [];
  for (const item of items) results.push(await each(item));
  return results;
}
