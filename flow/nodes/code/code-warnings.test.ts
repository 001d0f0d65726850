import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codeWarnings } from './code-warnings.ts';
import { pythonImports } from './python-imports.ts';

/** The names that warnings are about, with their lines. */
const named = (language: 'javascript' | 'python3', code: string): readonly string[] =>
  codeWarnings(language, code).map(
    (text) => /^line (\d+) of the code (?:uses|imports) ?(?:or )?(\w+)/.exec(text)?.slice(1).reverse().join(' ') ?? text,
  );

describe('JavaScript', () => {
  it.each<readonly [string, string, readonly string[]]>([
    ['ordinary code', 'function main({ a }) {\n  return { r: JSON.stringify(a).length };\n}', []],
    [
      'Node and browsers',
      'const fs = require("fs");\nfunction main() {\n  setTimeout(f, 1);\n  return { r: process.env.X, b: Buffer.from("") };\n}',
      ['require 1', 'setTimeout 3', 'process 4', 'Buffer 4'],
    ],
    ['each name once', 'fetch(1);\nfetch(2)', ['fetch 1']],
    ['in texts and comments', 'const a = "process"; // fetch\n/* require( */ const b = \'Buffer\'; const c = `URL`;', []],
    ['in a regular expression', 'const a = /fetch(x)"/.test(b) / 2; const c = x / process / 2;', ['process 1']],
    ['in the values of a template', 'const a = `fetch ${ { process: 1 }.x + `${URL}` } Buffer`; btoa(a)', ['URL 1', 'btoa 1']],
    ['properties and keys', 'const a = { process: 1, fetch() {} }; a.process.fetch; b?.URL', ['fetch 1']],
    ['as a value of a condition', 'const a = b ? process : 1', ['process 1']],
    ['through globalThis', 'globalThis.fetch(1)', ['fetch 1']],
    ['asked for with typeof', 'if (typeof process === "undefined") {}', []],
    [
      'declared by the code',
      'const process = 1; let [URL, { crypto }] = x; function fetch(Event) {} class Blob {}\nprocess; URL; crypto; fetch; Event; Blob',
      [],
    ],
    ['parameters', 'const main = ({ fetch, process = 1 }) => fetch + process; const f = self => self; try {} catch (Event) { Event }', []],
    ['modules', 'import x from "y";\nfunction main() {}', ['exports 1']],
    ['a dynamic import', 'const main = async () => ({ a: await import("x") })', []],
    ['broken code', 'main( { `${ process', ['process 1']],
  ])('%s', (_, code, expected) => {
    const found = named('javascript', code).map((text) => text.replace('or exports', 'exports'));
    expect(found.map((text) => text.replace(/^exports/, 'exports'))).toEqual(expected);
  });

  it('says what to do instead', () => {
    expect(codeWarnings('javascript', 'fetch("http://x")')).toEqual([
      'line 1 of the code uses fetch, which JavaScript nodes do not have: use an http-request node',
    ]);
  });
});

describe('Python', () => {
  it.each<readonly [string, string, readonly string[]]>([
    ['the standard library', 'import json, re\nfrom datetime import datetime\ndef main(): return {}', []],
    ['packages', 'import numpy as np, pandas\nfrom sklearn.linear_model import X\n', ['numpy 1', 'pandas 1', 'sklearn 2']],
    [
      'within functions and conditions',
      'def main():\n    if True: import jieba\n    try:\n        import requests\n    except ImportError: pass',
      ['jieba 2', 'requests 4'],
    ],
    ['in texts and comments', '"""\nimport numpy\n"""\n# import pandas\ns = \'import x\'; t = f"import {y}"\nr = r"\\"', []],
    ['over several lines', 'from numpy import (\n  a,\n  b,\n)\nimport os, \\\n  scipy', ['numpy 1', 'scipy 5']],
    ['of itself', 'from . import a\nfrom .b import c', []],
    ['names that look like it', 'important = 1\nfrom_ = 2\nx.imports\nimport_module("numpy")', []],
    ['what is of no use', 'import subprocess\nimport socket', ['subprocess 1', 'socket 2']],
    ['what Pyodide lacks', 'import tkinter', ['tkinter 1']],
  ])('%s', (_, code, expected) => expect(named('python3', code)).toEqual(expected));

  it('says what to do', () => {
    expect(codeWarnings('python3', 'import numpy')).toEqual([
      'line 1 of the code imports numpy, which is no part of Python: it must be installed where the flow runs (riskflow code install; it needs ' +
        'bubblewrap, see riskflow doctor)',
    ]);
  });

  it('finds every import of a generated program', () => {
    const name = fc.stringMatching(/^[a-z][a-z_]{0,8}$/).filter((text) => !['as', 'import', 'from', 'def'].includes(text));
    fc.assert(
      fc.property(fc.uniqueArray(name, { minLength: 1 }), (names) => {
        const code = names
          .map((one, i) => (i % 2 === 0 ? `import ${one}\ntext = "import no"` : `from ${one}.x import (y,\n  z)`))
          .join('\n');
        expect(pythonImports(code).map((found) => found.name)).toEqual(names);
      }),
    );
  });
});

it('any text ends with a list', () => {
  const piece = fc.oneof(
    fc.string(),
    fc.constantFrom('`', '${', '}', '{', '(', '/', '"', "'", '"""', '\\', '\n', 'import ', 'process', '=>', '//', '/*'),
  );
  fc.assert(
    fc.property(fc.array(piece), fc.constantFrom('javascript' as const, 'python3' as const), (pieces, language) => {
      expect(codeWarnings(language, pieces.join('')).length).toBeLessThanOrEqual(11);
    }),
  );
});
