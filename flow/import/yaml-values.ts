import { isScalar, LineCounter, parseDocument, Scalar, visit, type Document } from 'yaml';
import { float, integer, isArray, isFloatTag, isObject, isSecretRef, type Value } from '../../schemas/core.ts';

/** Dify refuses larger files; so do we. */
const MAX_DSL_BYTES = 10 * 1024 * 1024;
const MAX_DEPTH = 64;

/** YAML as plain data: integers are bigint and floats are number, so that 2 and 2.0 stay apart. */
export type YamlPlain = null | boolean | string | number | bigint | readonly YamlPlain[] | { readonly [key: string]: YamlPlain };
export type YamlResult = { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly message: string };

const PY_TRUE = /^(?:yes|Yes|YES|true|True|TRUE|on|On|ON)$/;
const PY_BOOL = /^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/;

/**
 * Dify reads files with PyYAML, which speaks YAML 1.1: a bare yes, no, on or off is a boolean there. (Unlike other YAML 1.1
 * readers it leaves y and n alone, which matters: every node has a position with a key y.)
 */
const pyBool = {
  tag: 'tag:yaml.org,2002:bool',
  default: true,
  test: PY_BOOL,
  resolve: (text: string) => PY_TRUE.test(text),
  identify: (value: unknown) => typeof value === 'boolean',
} as const;

/** Reads one YAML document. The message of a failure names line and column. */
export function readYaml(text: string): YamlResult {
  if (text.length > MAX_DSL_BYTES) return { ok: false, message: 'the file is larger than 10 MB, which is the limit of the format' };
  try {
    return readDocument(text);
  } catch (cause) {
    return { ok: false, message: cause instanceof Error ? firstLine(cause.message) : 'it could not be read' };
  }
}

function readDocument(text: string): YamlResult {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    intAsBigInt: true,
    // The reader's own check takes a time that grows with the square of the keys.
    uniqueKeys: false,
    merge: true,
    prettyErrors: true,
    lineCounter: lines,
    logLevel: 'error',
    customTags: (tags) => [pyBool, ...tags],
  });
  const error = document.errors[0];
  if (error !== undefined) return { ok: false, message: firstLine(error.message) };
  const twice = readKeysAsText(document);
  if (twice !== undefined) {
    const { line, col } = lines.linePos(twice);
    return { ok: false, message: `Map keys must be unique at line ${line}, column ${col}` };
  }
  return { ok: true, value: fromYaml(document.toJS({ maxAliasCount: 100 }), 0) };
}

/**
 * Keys are text in Dify's files; the reader would otherwise make a boolean of a key such as "on". @returns where a key stands that its
 * mapping has already
 */
function readKeysAsText(document: Document): number | undefined {
  let twice: number | undefined;
  visit(document, {
    Map(_, { items }) {
      const known = new Set<string>();
      for (const pair of items) {
        if (!isScalar(pair.key)) continue;
        const { key } = pair;
        if (typeof key.value !== 'string') {
          pair.key = Object.assign(new Scalar(key.source ?? String(key.value)), key.range == null ? {} : { range: key.range });
        }
        const text = typeof key.value === 'string' ? key.value : (key.source ?? String(key.value));
        if (known.has(text) && text !== '<<') {
          twice = key.range?.[0] ?? 0;
          return visit.BREAK;
        }
        known.add(text);
      }
      return undefined;
    },
  });
  return twice;
}

const firstLine = (message: string): string => (message.split('\n')[0] ?? message).replace(/:$/, '');

function fromYaml(plain: unknown, depth: number): Value {
  if (depth > MAX_DEPTH) throw new RangeError(`it is nested deeper than ${MAX_DEPTH} levels`);
  if (typeof plain === 'bigint') return integer(plain);
  if (typeof plain === 'number') return float(plain);
  if (typeof plain === 'string' || typeof plain === 'boolean') return plain;
  if (Array.isArray(plain)) return plain.map((item) => fromYaml(item, depth + 1));
  if (typeof plain === 'object' && plain !== null) {
    return new Map(Object.entries(plain).map(([key, item]): [string, Value] => [key, fromYaml(item, depth + 1)]));
  }
  return null;
}

/** The plain data that the DSL schemas check: integers bigint, floats number. */
export function toYamlPlain(value: Value): YamlPlain {
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : value;
  if (typeof value !== 'object' || value === null) return value;
  if (isArray(value)) return value.map(toYamlPlain);
  if (isObject(value)) return Object.fromEntries(Array.from(value, ([key, item]): [string, YamlPlain] => [key, toYamlPlain(item)]));
  if (isFloatTag(value)) return value.float;
  return isSecretRef(value) ? `[secret ${value.secret}]` : null;
}

/** The way back from a part of that plain data to a value. */
export const valueOfPlain = (plain: unknown): Value => fromYaml(plain, 0);
