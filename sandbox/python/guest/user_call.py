"""One call of user code, the same on every Python backend.

The code defines a function main, which is called with the inputs by name and returns a dict with the outputs. Inputs and outputs cross as
JSON text: 2 and 2.0 stay apart, integers stay exact, NaN and infinities are errors. What the code prints goes nowhere.
"""

import io
import json
import re
import sys
import types

CODE_NAME = "code.py"
LONGEST_MESSAGE = 2000


class _Nowhere(io.RawIOBase):
    def writable(self):
        return True

    def write(self, data, _len=len):
        return _len(data)


def _nowhere():
    return io.TextIOWrapper(io.BufferedWriter(_Nowhere()), encoding="utf-8", errors="replace", line_buffering=True)


def perform(code, inputs_json, longest, _dumps=json.dumps, _loads=json.loads, _len=len, _isinstance=isinstance, _dict=dict):
    """Runs the code. Returns "R" and the JSON text of what main() returned, or "E" and a JSON object with type, message and missing.

    :param longest: the most characters of JSON that a result may have
    """
    try:
        result = _run(code, inputs_json, _loads)
    except BaseException as error:  # also SystemExit and KeyboardInterrupt: whatever the code does, it gets an answer
        return _failure(error, "CodeExecutionError")
    if not _isinstance(result, _dict):
        return _failed("CodeOutputError", "main() must return a dict with the outputs, and returned %s." % _kind(result))
    try:
        text = _dumps(result, ensure_ascii=False, allow_nan=False)
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:  # half of a surrogate pair
            text = _dumps(result, ensure_ascii=True, allow_nan=False)
    except BaseException as error:
        return _failure(error, "CodeOutputError", "What main() returned cannot be written as JSON: ")
    if _len(text) > longest:
        message = "What main() returned is too large: %d characters of JSON, where the limit is %d."
        return _failed("CodeOutputError", message % (_len(text), longest))
    return "R" + text


def _run(code, inputs_json, loads):
    inputs = loads(inputs_json)
    module = types.ModuleType("__main__")
    module.__dict__["__file__"] = CODE_NAME
    sys.modules["__main__"] = module
    sys.stdin, sys.stdout, sys.stderr = io.StringIO(), _nowhere(), _nowhere()
    exec(compile(code, CODE_NAME, "exec", dont_inherit=True), module.__dict__)
    main = module.__dict__.get("main")
    if not callable(main):
        raise NoMain("The code defines no function named main.")
    return main(**inputs)


class NoMain(Exception):
    pass


def _kind(value):
    return "None" if value is None else type(value).__name__


def _failure(error, type_, prefix=""):
    if isinstance(error, MemoryError):
        return _failed("CodeMemoryError", "The code needed more memory than it may use.")
    return _failed(type_, prefix + _describe(error), _missing(error))


def _failed(type_, message, missing=None):
    return "E" + json.dumps({"type": type_, "message": message[:LONGEST_MESSAGE], "missing": missing})


def _missing(error):
    """The package that an import did not find, by the first part of its name."""
    if not isinstance(error, ModuleNotFoundError):
        return None
    name = getattr(error, "name", None)
    if not isinstance(name, str):
        return None
    first = name.split(".")[0]
    return first if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,99}", first) else None


def _describe(error):
    try:
        if type(error) is NoMain:
            return str(error)
        name = str(type(error).__name__)
        if isinstance(error, SyntaxError) and error.filename == CODE_NAME:
            return "%s: %s%s" % (name, error.msg, "" if error.lineno is None else " (line %d)" % error.lineno)
        text = _without_places(str(error)[: 2 * LONGEST_MESSAGE])
        line = _line(error)
        return (name if text == "" else "%s: %s" % (name, text)) + ("" if line is None else " (line %d)" % line)
    except BaseException:  # a hostile __str__
        return "an exception that cannot be described was raised"


def _line(error):
    """The innermost line of the user's own code."""
    line, frame = None, error.__traceback__
    while frame is not None:
        if frame.tb_frame.f_code.co_filename == CODE_NAME:
            line = frame.tb_lineno
        frame = frame.tb_next
    return line


def _without_places(text):
    for folder in sorted((one for one in sys.path if len(one) > 1), key=len, reverse=True):
        text = text.replace(folder + "/", "")
    return text
