"""Renders templates with the real Jinja2: one JSON document per line in, [text] or null (it fails) out."""
import json
import signal
import sys

import jinja2
from jinja2.sandbox import SandboxedEnvironment


class TooLong(BaseException):
    pass


def stop(*_):
    raise TooLong()


def main():
    if hasattr(signal, "SIGALRM"):
        signal.signal(signal.SIGALRM, stop)
    context = json.loads(sys.stdin.readline())
    for line in sys.stdin:
        print(json.dumps(render(json.loads(line), context)), flush=False)


def render(template, context):
    try:
        if hasattr(signal, "SIGALRM"):
            signal.setitimer(signal.ITIMER_REAL, 3)
        return [SandboxedEnvironment().from_string(template).render(json.loads(json.dumps(context)))]
    except (Exception, TooLong) as error:
        return {"error": type(error).__name__ + ": " + str(error)[:200]}
    finally:
        if hasattr(signal, "SIGALRM"):
            signal.setitimer(signal.ITIMER_REAL, 0)


if sys.argv[1:] == ["--version"]:
    print(jinja2.__version__)
else:
    main()
