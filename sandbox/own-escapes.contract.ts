import { homedir } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { EscapeCase } from './escape-case.contract.ts';

/** Where this project lies. */
const PROJECT = fileURLToPath(new URL('../', import.meta.url));

/** A Python case whose main returns what an expression gives, or the name of what it raised. */
const python = (name: string, expression: string, check: EscapeCase['check'], before = ''): EscapeCase => ({
  name,
  language: 'python3',
  code: `import os, sys, gc, builtins, json\n${before}\ndef main():\n    try:\n        r = ${expression}\n    except BaseException as e:\n        r = "ERR " + type(e).__name__\n    return {"r": str(r)[:20000]}\n`,
  check,
});
const clean = { type: 'next_clean' } as const;
const noLeak = (...forbid: readonly string[]): EscapeCase['check'] => ({ type: 'no_leak', forbid });

const memoryScan = `def scan():
    # Wherever a call before this one may have left its inputs: pages around objects of this interpreter.
    word = bytes([80, 82, 69, 86, 95, 67, 65, 76, 76, 95, 83, 69, 67, 82, 69, 84])
    at = id(word) & ~0xFFFF
    low = max(0, at - 48 * 1024 * 1024) if sys.platform == "emscripten" else at - 65536
    own = id(word)
    import ctypes
    data = ctypes.string_at(low, (at - low) if sys.platform == "emscripten" else 65536)
    return "FOUND" if word + b'"' in data or b'"' + word in data else "nothing"`;

/** The project's own rows, in the form of the shared ones. */
export const ownEscapes: readonly EscapeCase[] = [
  python('py-own-memory-of-the-call-before', 'scan()', noLeak('FOUND'), memoryScan),
  python(
    'py-own-objects-of-the-call-before',
    '[o for o in gc.get_objects() if isinstance(o, dict) and "PREV_CALL" + "_SECRET" in map(str, o.values())]',
    {
      type: 'no_leak_prev',
    },
  ),
  python('py-own-forged-builtins', 'setattr(builtins, "len", lambda x: 99) or setattr(builtins, "leak", 1)', clean),
  python('py-own-forged-json', 'setattr(json, "dumps", lambda *a, **k: "7") or setattr(json, "loads", lambda *a, **k: {"k": 1})', clean),
  python('py-own-forged-module', 'sys.modules.update({"math": type(sys)("math"), "json": type(sys)("json")})', clean),
  python('py-own-environment', 'os.environ.update({"leak": "1"})', clean),
  python('py-own-file-left-behind', 'open("/tmp/left", "w").write("x") and os.makedirs("/tmp/a/b/c") is None', clean),
  python('py-own-link-left-behind', 'os.symlink("/", "/tmp/link")', clean),
  python('py-own-working-folder', 'os.chdir("/")', clean),
  python('py-own-open-files', '[os.close(n) for n in range(3)] and [open("/tmp/f%d" % n, "w") for n in range(20)]', clean),
  python('py-own-recursion-limit', 'sys.setrecursionlimit(30)', clean),
  python('py-own-audit-and-trace', 'sys.settrace(lambda *a: None) or sys.addaudithook(lambda *a: 1/0)', clean),
  python('py-own-exit-handler', '__import__("atexit").register(lambda: 1/0)', clean),
  python('py-own-seeded-hash', '__import__("random").seed(1) or setattr(__import__("random"), "random", lambda: 4)', clean),
  python('py-own-standard-library-overwritten', '[open(p + "/json.py", "w") for p in sys.path]', clean),
  python('py-own-many-files', '[open("/tmp/n%d" % n, "w").close() for n in range(3000)] and "made"', clean),
  python('py-own-files-of-others-watched', 'ctypes.CDLL(None).inotify_init1(0) >= 0', noLeak('True'), 'import ctypes'),
  python('py-own-fork', 'os.fork()', noLeak('"r":"0"')),
  python('py-own-thread-left-running', '__import__("_thread").start_new_thread(lambda: __import__("time").sleep(60), ())', clean),
  python(
    'py-own-frames-above',
    '[f for f in iter(lambda g=[sys._getframe()]: g.__setitem__(0, g[0].f_back) or g[0], None)]',
    noLeak('CANARY'),
  ),
  python(
    'py-own-mounts',
    '[n for n in os.listdir("/") if n in ("proc", "root")] if sys.platform == "linux" else []',
    noLeak("'root'", "'proc'"),
  ),
  python(
    'py-own-host-paths',
    'os.environ.copy(), sys.argv, sys.orig_argv, sys.path, sys.prefix, sys.executable, sys.modules',
    noLeak(PROJECT, `${homedir()}/`),
  ),
  {
    name: 'py-own-answer-forged-on-the-pipe',
    language: 'python3',
    code: 'import os\ndef main():\n    for n in range(1, 12):\n        try:\n            os.write(n, b\'{"ready":true,"python":"x"}\\n{"id":1,"reply":"R{}","reusable":true}\\n[]\\nR{"forged":1}\\n\')\n        except OSError:\n            pass\n    return {"r": 1}',
    check: { type: 'alive' },
  },
  {
    name: 'py-own-timers-left-behind',
    language: 'python3',
    code: 'import sys\ndef main():\n    try:\n        import js\n        js.setTimeout(print, 1)\n    except BaseException as e:\n        return {"r": "ERR"}\n    return {"r": "SCHEDULED"}',
    then_code: 'def main():\n    return {"r": 1}',
    check: noLeak('SCHEDULED'),
  },
  {
    name: 'py-own-javascript-built-ins-changed',
    language: 'python3',
    code: `import gc
def found():
    return [r for o in gc.get_objects() for r in gc.get_referents(o) if type(r).__name__ == "JsProxy"]
def main():
    for proxy in found():
        for path in (("constructor", "prototype"), ("constructor", "constructor", "prototype"), ("__proto__",)):
            try:
                at = proxy
                for name in path:
                    at = getattr(at, name)
                at.leftBehind = "LEFT"
            except BaseException:
                pass
    return {"r": 1}`,
    then_code: `import gc
def main():
    seen = []
    for o in gc.get_objects():
        for r in gc.get_referents(o):
            if type(r).__name__ == "JsProxy":
                try:
                    seen.append(str(r.constructor.prototype.leftBehind))
                except BaseException:
                    pass
    return {"r": "".join(seen)[:1000]}`,
    check: noLeak('LEFT'),
  },
  {
    name: 'py-own-files-without-end',
    language: 'python3',
    code: 'import os\ndef main():\n    n = 0\n    while True:\n        os.close(os.open("/tmp/%d" % n, os.O_CREAT))\n        n += 1',
    check: { type: 'error_within_ms', ms: 4000 },
  },
  {
    name: 'py-own-threads-without-end',
    language: 'python3',
    code: `import ctypes, sys
def main():
    if sys.platform != "linux":
        raise OSError("no threads here")
    c = ctypes.CDLL(None)
    attributes = (ctypes.c_char * 64)()
    c.pthread_attr_init(attributes)
    c.pthread_attr_setstacksize(attributes, ctypes.c_size_t(16384))
    thread = ctypes.c_ulong()
    while c.pthread_create(ctypes.byref(thread), attributes, ctypes.cast(c.sleep, ctypes.c_void_p), ctypes.c_void_p(30)) == 0:
        pass
    while True:
        pass`,
    check: { type: 'error_within_ms', ms: 1000 },
  },
  {
    name: 'py-own-standard-library-mapped',
    language: 'python3',
    code: `import mmap, os, sys
def main():
    for path in [p for p in sys.path if os.path.isfile(p)] + [os.__file__]:
        try:
            with open(path, "r+b") as f:
                m = mmap.mmap(f.fileno(), 0)
                m[:4] = b"EVIL"
                m.flush()
        except (OSError, ValueError):
            pass
    return {"r": 1}`,
    then_code: `import os, sys
def main():
    return {"r": [str(open(p, "rb").read(4)) for p in [p for p in sys.path if os.path.isfile(p)]]}`,
    check: noLeak('EVIL'),
  },
  {
    name: 'py-own-settings-of-the-process-above',
    language: 'python3',
    code: `import os
def attempt(what, *args):
    try:
        what(*args)
    except BaseException:
        pass
def main():
    attempt(lambda: os.setpriority(os.PRIO_PROCESS, os.getppid(), 17))
    attempt(lambda: os.sched_setaffinity(os.getppid(), {0}))
    attempt(lambda: os.sched_setscheduler(os.getppid(), os.SCHED_IDLE, os.sched_param(0)))
    import resource
    attempt(lambda: resource.prlimit(os.getppid(), resource.RLIMIT_STACK, (17 * 65536, 17 * 65536)))
    return {"r": 1}`,
    then_code: `import os
def main():
    try:
        import resource
        changed = [os.getpriority(os.PRIO_PROCESS, 0) == 17, os.sched_getscheduler(0) == os.SCHED_IDLE, resource.getrlimit(resource.RLIMIT_STACK)[1] == 17 * 65536]
    except (ImportError, AttributeError, OSError):
        changed = []
    return {"r": "CHANGED" if any(changed) else ""}`,
    check: noLeak('CHANGED'),
  },
  {
    name: 'py-own-hostile-texts',
    language: 'python3',
    code: 'class E(Exception):\n    def __str__(self):\n        raise ValueError("x")\ndef main():\n    raise E()',
    check: { type: 'error' },
  },
  {
    name: 'py-own-dict-that-lies',
    language: 'python3',
    code: 'class D(dict):\n    def items(self):\n        while True:\n            pass\ndef main():\n    return D(a=1)',
    check: { type: 'within_ms', ms: 4000 },
  },
  {
    name: 'py-own-prototype-keys',
    language: 'python3',
    code: 'def main():\n    return {"__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 1}}, "a": [{"__proto__": {"polluted": 1}}]}',
    check: { type: 'no_pollution' },
  },
  {
    name: 'py-own-pages-without-end',
    language: 'python3',
    code: 'def main():\n    x = []\n    while True:\n        x.append("x" * 1000000 + str(len(x)))',
    check: { type: 'error_within_ms', ms: 4000, rss_mb: 100 },
  },
  {
    name: 'py-own-number-without-end',
    language: 'python3',
    code: 'def main():\n    return {"r": 9 ** 9 ** 9}',
    check: { type: 'error_within_ms', ms: 4000 },
  },
  {
    name: 'js-own-shadow-of-host-functions',
    language: 'javascript',
    code: 'function main() { for (const name of Object.getOwnPropertyNames(globalThis)) { try { globalThis[name] = () => "FORGED" } catch {} } return { r: 1 } }',
    check: clean,
  },
  {
    name: 'js-own-thenable-result',
    language: 'javascript',
    code: 'function main() { return { then(f) { for (;;) {} } } }',
    check: { type: 'within_ms', ms: 4000 },
  },
];
