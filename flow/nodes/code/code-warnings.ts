import { PYODIDE_LACKS } from '../../../schemas/index.ts';
import { moduleLine, usedNames } from './javascript-names.ts';
import { pythonImports } from './python-imports.ts';

const MOST_WARNINGS = 10;

/** What code of a node will not find where it runs, one sentence each. It is read, never run. */
export function codeWarnings(language: 'javascript' | 'python3', code: string): readonly string[] {
  const all = language === 'javascript' ? javascriptWarnings(code) : pythonWarnings(code);
  return all.length > MOST_WARNINGS ? [...all.slice(0, MOST_WARNINGS), `and ${all.length - MOST_WARNINGS} more names of this kind`] : all;
}

// What Node and browsers add to the language, of which QuickJS has nothing.
const NODE = 'require process Buffer module exports __dirname __filename global setImmediate clearImmediate Deno Bun';
const BROWSER = 'window self document navigator location localStorage sessionStorage alert prompt XMLHttpRequest';
const BOTH =
  'fetch setTimeout setInterval clearTimeout clearInterval queueMicrotask structuredClone atob btoa URL URLSearchParams TextEncoder TextDecoder ' +
  'crypto performance Intl WebSocket EventSource AbortController AbortSignal Headers Request Response FormData Blob File Event EventTarget ' +
  'MessageChannel Worker WebAssembly Atomics ReadableStream Temporal';
const ABSENT = new Set(`${NODE} ${BROWSER} ${BOTH}`.split(' '));

const INSTEAD: Readonly<Record<string, string>> = {
  fetch: 'use an http-request node',
  XMLHttpRequest: 'use an http-request node',
  require: 'write the function into the node',
  process: 'hand environment variables in as inputs',
};

function javascriptWarnings(code: string): readonly string[] {
  const line = moduleLine(code);
  const module = line === undefined ? [] : [`line ${line} of the code imports or exports: JavaScript nodes are scripts without modules`];
  const names = usedNames(code, ABSENT).map(({ name, line: at }) => {
    const instead = INSTEAD[name];
    return `line ${at} of the code uses ${name}, which JavaScript nodes do not have${instead === undefined ? '' : `: ${instead}`}`;
  });
  return [...module, ...names];
}

function pythonWarnings(code: string): readonly string[] {
  return pythonImports(code).flatMap(({ name, line }) => {
    if (!STANDARD.has(name)) {
      return [
        `line ${line} of the code imports ${name}, which is no part of Python: it must be installed where the flow runs ` +
          '(riskflow code install; it needs bubblewrap, see riskflow doctor)',
      ];
    }
    const why = OF_NO_USE[name];
    if (why !== undefined) return [`line ${line} of the code imports ${name}: ${why}`];
    return PYODIDE_LACKS.has(name)
      ? [`line ${line} of the code imports ${name}, which Pyodide and newer Pythons lack: it needs bubblewrap (see riskflow doctor)`]
      : [];
  });
}

const NO_NETWORK = 'code has no network; use an http-request node';
const NO_PROCESSES = 'code may not start programs or processes';
const OF_NO_USE: Readonly<Record<string, string>> = {
  socket: NO_NETWORK,
  ssl: NO_NETWORK,
  http: NO_NETWORK,
  ftplib: NO_NETWORK,
  smtplib: NO_NETWORK,
  poplib: NO_NETWORK,
  imaplib: NO_NETWORK,
  telnetlib: NO_NETWORK,
  subprocess: NO_PROCESSES,
  multiprocessing: NO_PROCESSES,
};

/** The standard library of Python 3.9 to 3.14 (`sys.stdlib_module_names`). */
const STANDARD = new Set(
  (
    '__future__ abc aifc annotationlib antigravity argparse array ast asynchat asyncio asyncore atexit audioop base64 bdb binascii binhex bisect ' +
    'builtins bz2 cProfile calendar cgi cgitb chunk cmath cmd code codecs codeop collections colorsys compileall compression concurrent ' +
    'configparser contextlib contextvars copy copyreg crypt csv ctypes curses dataclasses datetime dbm decimal difflib dis distutils doctest ' +
    'email encodings ensurepip enum errno faulthandler fcntl filecmp fileinput fnmatch formatter fractions ftplib functools gc genericpath ' +
    'getopt getpass gettext glob graphlib grp gzip hashlib heapq hmac html http idlelib imaplib imghdr imp importlib inspect io ipaddress ' +
    'itertools json keyword lib2to3 linecache locale logging lzma mailbox mailcap marshal math mimetypes mmap modulefinder msilib msvcrt ' +
    'multiprocessing netrc nis nntplib nt ntpath nturl2path numbers opcode operator optparse os ossaudiodev parser pathlib pdb pickle ' +
    'pickletools pipes pkgutil platform plistlib poplib posix posixpath pprint profile pstats pty pwd py_compile pyclbr pydoc pydoc_data ' +
    'pyexpat queue quopri random re readline reprlib resource rlcompleter runpy sched secrets select selectors shelve shlex shutil signal site ' +
    'smtpd smtplib sndhdr socket socketserver spwd sqlite3 sre_compile sre_constants sre_parse ssl stat statistics string stringprep struct ' +
    'subprocess sunau symbol symtable sys sysconfig syslog tabnanny tarfile telnetlib tempfile termios textwrap this threading time timeit ' +
    'tkinter token tokenize tomllib trace traceback tracemalloc tty turtle turtledemo types typing unicodedata unittest urllib uu uuid venv ' +
    'warnings wave weakref webbrowser winreg winsound wsgiref xdrlib xml xmlrpc zipapp zipfile zipimport zlib zoneinfo'
  ).split(' '),
);
