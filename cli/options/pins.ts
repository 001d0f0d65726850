import {
  encodeValue,
  isArray,
  isObject,
  isNumeric,
  RiskflowError,
  toDouble,
  type ObjectValue,
  type Pin,
  type Value,
} from '../../schemas/core.ts';
import { readTextFile } from '../read-text-file.ts';
import type { Terminal } from '../terminal.ts';
import { readJsonObject } from './flow-inputs.ts';

export type Pins = Readonly<Record<string, Pin>>;

const HINT = 'a pin looks like "NODE_ID": {"outputs": {"text": "yes"}}, or "type:llm": {"error": "too busy"}';
const KEYS: ReadonlySet<string> = new Set(['outputs', 'error', 'errorType', 'delayMs', 'chunks']);
const LONGEST_DELAY_MS = 24 * 3600 * 1000;

/** Reads the file of `--pin`: an object from node id or `type:<node type>` to what that node gives instead of being executed. */
export async function readPins(terminal: Terminal, path: string): Promise<Pins> {
  const text = await readTextFile(terminal, path, 'pins file');
  return parsePins(text, `the pins file ${path}`);
}

/** @throws RiskflowError that names the pin and what is wrong with it */
export function parsePins(text: string, what: string): Pins {
  const entries = Array.from(readJsonObject(text, { what, hint: HINT }), ([key, value]): [string, Pin] => [
    key,
    readPin(value, `${what}, pin "${key}"`),
  ]);
  return Object.fromEntries(entries);
}

function readPin(value: Value, where: string): Pin {
  if (!isObject(value)) throw wrong(where, 'must be an object');
  const unknown = [...value.keys()].find((key) => !KEYS.has(key));
  if (unknown !== undefined) throw wrong(where, `has the key "${unknown}", which is none of ${[...KEYS].join(', ')}`);
  const outputs = value.get('outputs');
  const error = value.get('error');
  const extras = { ...readDelay(value, where), ...readChunks(value, where) };
  if (outputs !== undefined && error !== undefined) throw wrong(where, 'has both "outputs" and "error", and a node ends in one way only');
  if (outputs !== undefined) {
    if (!isObject(outputs)) throw wrong(where, 'needs an object as its "outputs"');
    if (value.has('errorType')) throw wrong(where, 'has an "errorType" without an "error"');
    return { outputs: encodeValue(outputs), ...extras };
  }
  if (typeof error !== 'string') throw wrong(where, error === undefined ? 'needs "outputs" or "error"' : 'needs text as its "error"');
  const errorType = value.get('errorType');
  if (errorType !== undefined && typeof errorType !== 'string') throw wrong(where, 'needs text as its "errorType"');
  return { error, ...(errorType === undefined ? {} : { errorType }), ...extras };
}

function readDelay(pin: ObjectValue, where: string): { readonly delayMs?: number } {
  const delay = pin.get('delayMs');
  if (delay === undefined) return {};
  const ms = isNumeric(delay) ? toDouble(delay) : Number.NaN;
  if (!(ms >= 0 && ms <= LONGEST_DELAY_MS)) throw wrong(where, 'needs a number of milliseconds from 0 to one day as its "delayMs"');
  return { delayMs: ms };
}

function readChunks(pin: ObjectValue, where: string): { readonly chunks?: readonly string[] } {
  const chunks = pin.get('chunks');
  if (chunks === undefined) return {};
  if (!isArray(chunks) || !chunks.every((chunk) => typeof chunk === 'string')) throw wrong(where, 'needs a list of texts as its "chunks"');
  return { chunks };
}

const wrong = (where: string, what: string): RiskflowError => new RiskflowError('invalid_file', `${where} ${what}`, { hint: HINT });

export type PinnableNode = { readonly id: string; readonly type: string; readonly title: string };

/** The pins that fit some of these nodes. */
export const pinsOf = (nodes: readonly PinnableNode[], pins: Pins): Pins =>
  Object.fromEntries(Object.entries(pins).filter(([key]) => nodes.some((node) => fits(key, node))));

const fits = (key: string, node: PinnableNode): boolean => node.id === key || `type:${node.type}` === key;

/** @throws RiskflowError when a pin fits no node of any of the flows */
export function checkPins(pins: Pins, nodes: readonly PinnableNode[]): void {
  for (const key of Object.keys(pins)) {
    const byType = key.startsWith('type:') ? key.slice('type:'.length) : null;
    if (nodes.some((node) => fits(key, node))) continue;
    if (byType !== null) {
      const types = [...new Set(nodes.map((node) => node.type))].join(', ');
      throw new RiskflowError('invalid_file', `--pin: no node has the type "${byType}" of the pin "${key}"`, {
        hint: `the node types are: ${types}`,
      });
    }
    const ids = nodes.map((node) => `${node.id} (${node.title === '' ? node.type : node.title})`).join(', ');
    throw new RiskflowError('invalid_file', `--pin: no node has the id "${key}"`, { hint: `the nodes are: ${ids}` });
  }
}
