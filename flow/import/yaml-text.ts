import { integer, isArray, isFloatTag, isObject, isSecretRef, type Value } from '../../schemas/core.ts';

/**
 * Writes a value as YAML in block form, so that readers of YAML 1.1 (PyYAML, with which Dify reads) and of YAML 1.2 find the same in it:
 * 2, 2.0 and "2" stay apart, and a text that either would take for something else is quoted.
 */
export function yamlText(value: Value): string {
  const lines: string[] = [];
  write(value, { indent: '', prefix: '' }, lines);
  return `${lines.join('\n')}\n`;
}

/** `prefix` is what stands on the first line already ("key:", "-"), without the blank after it. */
type Place = { readonly indent: string; readonly prefix: string };

function write(value: Value, { indent, prefix }: Place, lines: string[]): void {
  const inline = (text: string): void => void lines.push(`${indent}${prefix}${prefix === '' ? '' : ' '}${text}`);
  const inner = indent + (prefix === '' ? '' : '  ');
  if (isArray(value)) {
    if (value.length === 0) return inline('[]');
    if (prefix !== '') lines.push(indent + prefix);
    for (const item of value) writeItem(item, inner, lines);
    return;
  }
  if (isObject(value)) {
    if (value.size === 0) return inline('{}');
    if (prefix !== '') lines.push(indent + prefix);
    for (const [key, item] of value) writeEntry(key, item, inner, lines);
    return;
  }
  if (typeof value !== 'string') return inline(scalarText(value));
  if (!isBlock(value)) return inline(quoted(value));
  inline(blockHead(value));
  const text = inner === '' ? '  ' : inner;
  for (const line of value.replace(/\n$/, '').split('\n')) lines.push(line === '' ? '' : text + line);
}

/** An object's first entry stands beside the dash. */
function writeItem(item: Value, indent: string, lines: string[]): void {
  if (!isObject(item) || item.size === 0) return write(item, { indent, prefix: '-' }, lines);
  const at = lines.length;
  for (const [key, value] of item) writeEntry(key, value, `${indent}  `, lines);
  lines[at] = `${indent}- ${(lines[at] ?? '').slice(indent.length + 2)}`;
}

function writeEntry(key: string, item: Value, indent: string, lines: string[]): void {
  const name = quoted(key);
  if (name.length <= LONGEST_KEY) return write(item, { indent, prefix: `${name}:` }, lines);
  lines.push(`${indent}? ${name}`);
  write(item, { indent, prefix: ':' }, lines);
}

/** Readers take a longer text before ":" for no key. */
const LONGEST_KEY = 120;

function scalarText(value: Exclude<Value, string>): string {
  if (value === null) return 'null';
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return Number.isInteger(value) ? String(integer(value)) : floatText(value);
  if (isFloatTag(value)) return floatText(value.float);
  return isSecretRef(value) ? "''" : 'null';
}

/** YAML 1.1 knows a float by its point, and an exponent by its sign. */
function floatText(double: number): string {
  if (Number.isNaN(double)) return '.nan';
  if (!Number.isFinite(double)) return double > 0 ? '.inf' : '-.inf';
  const [mantissa = '', exponent] = (Object.is(double, -0) ? '-0' : String(double)).split('e');
  const pointed = mantissa.includes('.') ? mantissa : `${mantissa}.0`;
  return exponent === undefined ? pointed : `${pointed}e${/^[+-]/.test(exponent) ? '' : '+'}${exponent}`;
}

/** Letters, digits and a few marks that begin nothing in YAML; what follows may hold blanks between words. */
const PLAIN = /^[\p{L}_/][\p{L}\p{M}\p{N}_./()@+-]*(?: [\p{L}\p{N}_(/][\p{L}\p{M}\p{N}_./()@+-]*)*$/u;
const OTHERWISE_READ = /^(?:y|n|yes|no|on|off|true|false|null|nan|inf|infinity)$/i;
const PLAIN_LENGTH = 200;
/** Line breaks of either YAML, what cannot be printed, and half characters. */
const NEEDS_ESCAPES = /[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]|\p{Cs}/u;

function quoted(text: string): string {
  if (text.length <= PLAIN_LENGTH && PLAIN.test(text) && !OTHERWISE_READ.test(text)) return text;
  return NEEDS_ESCAPES.test(text) ? doubleQuoted(text) : `'${text.replaceAll("'", "''")}'`;
}

const doubleQuoted = (text: string): string =>
  `"${text.replace(/["\\]|[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]|\p{Cs}/gu, escaped)}"`;

function escaped(char: string): string {
  if (char === '"' || char === '\\') return `\\${char}`;
  if (char === '\n') return '\\n';
  if (char === '\t') return '\\t';
  if (char === '\r') return '\\r';
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Several lines that need no escapes: they read best as they are. The first must not begin with a blank, and none may be blanks only. */
const isBlock = (text: string): boolean =>
  text.includes('\n') && !NEEDS_ESCAPES.test(text.replaceAll('\n', '')) && !/^[\s]/.test(text) && !/^ +$/m.test(text);

/** How many line breaks stand at the end: none, one, or more, which are lines of their own. */
const blockHead = (text: string): string => (!text.endsWith('\n') ? '|-' : text.endsWith('\n\n') ? '|+' : '|');
