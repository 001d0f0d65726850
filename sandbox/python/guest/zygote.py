"""Keeps a warm Python in its jail and forks a child for each call.

One line of JSON comes in for each call and one goes out. The child has no way to this process but a pipe of its own, which is read as
text of unknown worth; it is killed when it has answered, and what it wrote to /tmp is deleted. User code never runs in this process.
"""

import gc
import importlib
import json
import os
import re
import resource
import select
import shutil
import signal
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
PACKAGES = "/packages"
SCRATCH = "/tmp"
sys.path[:] = [one for one in sys.path if one not in ("", HERE)]
sys.path.insert(0, HERE)
import seccomp  # noqa: E402
import user_call  # noqa: E402

sys.path.remove(HERE)

# What flows import most: loaded once, not with each call.
COMMON = (
    "base64 collections copy csv datetime decimal difflib enum functools hashlib hmac html io itertools json logging math os pathlib "
    "random re statistics string textwrap time traceback types typing unicodedata urllib.parse uuid zoneinfo"
).split()
MOST_LEARNED = 500
MOST_FILES = 10_000  # in /tmp, as in Pyodide: each takes memory of the kernel that the size of /tmp does not count
MOST_THREADS = 4096  # of this user, where the kernel counts (not for root): the watch from outside ends a call long before
LOOK_SECONDS = 0.05
MIB = 1024 * 1024


def main():
    settings = json.loads(sys.stdin.buffer.readline())
    seccomp.hide()
    os.environ.clear()
    for name in COMMON:
        _load(name)
    installed = _installed()
    prepared = seccomp.prepare()
    used = _address_space()
    _settle()
    _say({"ready": True, "python": "%d.%d.%d" % sys.version_info[:3]})
    for line in iter(sys.stdin.buffer.readline, b""):
        call = json.loads(line)
        reply, modules = _fork(call, {**settings, "used": used, "seccomp": prepared, "installed": installed})
        clean = _wipe()
        _say({"id": call["id"], "reply": reply, "reusable": clean})
        if not clean:
            return
        if _learn(modules, installed):
            used = _address_space()
            _settle()


def _settle():
    """What is here stays: a child that collects garbage need not look at it, which would copy the memory it shares with this process."""
    gc.collect()
    gc.freeze()


def _say(message):
    sys.stdout.buffer.write(json.dumps(message).encode() + b"\n")
    sys.stdout.buffer.flush()


def _installed():
    """Top-level names of what the operator installed."""
    if not os.path.isdir(PACKAGES):
        return frozenset()
    import site

    site.addsitedir(PACKAGES)
    return frozenset(name.split(".")[0] for name in os.listdir(PACKAGES))


def _load(name):
    try:
        importlib.import_module(name)
        return True
    except BaseException:  # an optional part of Python, or a package that cannot be loaded: the call will be told
        return False


def _learn(modules, installed):
    """Loads what the last call loaded of the installed packages. The names come from user code: only such of those packages count."""
    wanted = [name for name in modules[:MOST_LEARNED] if _is_name(name) and name.split(".")[0] in installed and name not in sys.modules]
    return any([_load(name) for name in wanted])


def _is_name(name):
    return isinstance(name, str) and re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*", name) is not None


def _address_space():
    """Bytes of address space in use, rounded up to 1 MiB. There is no /proc to read it from, so it is tried out under lower limits."""
    import mmap

    old = resource.getrlimit(resource.RLIMIT_AS)
    low, high = 0, 64 * 1024
    while high - low > 1:
        middle = (low + high) // 2
        try:
            resource.setrlimit(resource.RLIMIT_AS, (middle * MIB, old[1]))
            mmap.mmap(-1, 4096).close()
            high = middle
        except (OSError, MemoryError):
            low = middle
        finally:
            resource.setrlimit(resource.RLIMIT_AS, old)
    return high * MIB


def _fork(call, settings):
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            _be_child(call, settings, write_end)
        finally:
            os._exit(1)
    os.close(write_end)
    deadline = time.monotonic() + call["timeoutMs"] / 1000
    most = 4 * call["longest"] + MIB
    data = bytearray()
    ended = crowded = False
    while not ended and len(data) <= most:
        left = deadline - time.monotonic()
        if left <= 0:
            break
        if not select.select([read_end], [], [], min(left, LOOK_SECONDS))[0]:
            crowded = _files() > MOST_FILES
            if crowded:
                break
            continue
        chunk = os.read(read_end, 65536)
        data += chunk
        ended = chunk == b""
    os.close(read_end)
    timed_out = not ended and not crowded and len(data) <= most
    # One that answered is not waited for; it may have closed its pipe and go on. It cannot make other processes, so nothing is left after it.
    if ended and b"\n" not in data:
        status = _wait(pid, 0.2)
    else:
        status = _end(pid)
    if crowded:
        return _error("CodeMemoryError", "The code made more than %d files." % MOST_FILES), []
    if timed_out:
        return _error("CodeTimeoutError", "The code ran longer than %d ms." % call["timeoutMs"]), []
    return _read(bytes(data), status)


def _files():
    of_scratch = os.statvfs(SCRATCH)
    return of_scratch.f_files - of_scratch.f_ffree


def _wait(pid, seconds):
    """How it ended, when it does so by itself in that time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done == pid:
            return status
        time.sleep(0.001)
    return _end(pid)


def _end(pid):
    os.kill(pid, signal.SIGKILL)
    return os.waitpid(pid, 0)[1]


def _read(data, status):
    head, separator, reply = data.partition(b"\n")
    if separator == b"":
        if os.WIFSIGNALED(status):
            number = os.WTERMSIG(status)
            if number == signal.SIGXCPU:
                return _error("CodeTimeoutError", "The code used more processor time than it may."), []
            return _error("CodeExecutionError", "The code made Python crash (signal %d)." % number), []
        return _error("CodeExecutionError", "The code ended Python before main() returned."), []
    try:
        modules = json.loads(head)
        return reply.decode("utf-8"), modules if isinstance(modules, list) else []
    except (ValueError, RecursionError):
        return _error("CodeExecutionError", "The code wrote something else than its answer."), []


def _error(type_, message):
    return "E" + json.dumps({"type": type_, "message": message, "missing": None})


def _be_child(call, settings, write_end):
    null = os.open("/dev/null", os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(null, number)
    out = 3 if write_end == 3 else os.dup2(write_end, 3)
    os.closerange(4, 4096)
    seconds = call["timeoutMs"] // 1000 + 2
    _limit(resource.RLIMIT_CPU, seconds)
    _limit(resource.RLIMIT_AS, settings["used"] + settings["memoryMb"] * MIB)
    _limit(resource.RLIMIT_FSIZE, settings["scratchMb"] * MIB)
    _limit(resource.RLIMIT_NOFILE, 64)
    _limit(resource.RLIMIT_NPROC, min(MOST_THREADS, *(one for one in resource.getrlimit(resource.RLIMIT_NPROC) if one >= 0)))
    _limit(resource.RLIMIT_CORE, 0)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a file too large is an error, not the end
    os.chdir(SCRATCH)
    for name in ("seccomp", "user_call"):
        sys.modules.pop(name, None)
    sys.argv[:] = [""]
    getattr(sys, "orig_argv", [])[:] = []
    _reseed()
    before = frozenset(sys.modules)
    seccomp.hide()
    seccomp.lay_down(settings["seccomp"])
    reply = user_call.perform(call["code"], call["inputs"], call["longest"]).encode("utf-8", "replace")
    loaded = [name for name in list(sys.modules) if isinstance(name, str) and name not in before]
    wanted = [name for name in loaded if name.split(".")[0] in settings["installed"]][:MOST_LEARNED]
    data = memoryview(json.dumps(wanted).encode() + b"\n" + reply)
    while data:  # not by len, which the code may have changed
        data = data[os.write(out, data) :]
    os._exit(0)


def _limit(what, most):
    resource.setrlimit(what, (most, most))


def _reseed():
    """Python's own random numbers begin anew in a child; those of numpy would be the same in every one."""
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed()


def _wipe():
    for name in os.listdir(SCRATCH):
        path = os.path.join(SCRATCH, name)
        try:
            if os.path.isdir(path) and not os.path.islink(path):
                shutil.rmtree(path)
            else:
                os.unlink(path)
        except (OSError, RecursionError):
            return False
    return os.listdir(SCRATCH) == []


if __name__ == "__main__":
    main()
