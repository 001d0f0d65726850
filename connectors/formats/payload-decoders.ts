import avro, { type Type } from 'avsc';
import { isObject, objectOf, type RecordContent } from '../../schemas/index.ts';
import { compileAvro } from './avro-values.ts';
import { decodeJson, unreadable } from './plain-content.ts';
import { PLACEHOLDER } from './registry-client.ts';
import { WELL_KNOWN_TYPES, compileMessage, findMessage, messagesOf, type MessageType } from './protobuf-values.ts';

/** Reads a payload of one schema. It may throw what the library throws for bytes that do not fit. */
export type PayloadDecoder = (payload: Uint8Array) => RecordContent;

type Validator = { isValid(value: unknown, options: { readonly errorHook: (path: readonly string[], message: unknown) => void }): boolean };
type Root = { addJSON(nested: object): unknown; resolveAll(): unknown; get(name: string): unknown };
type FirstMessage = MessageType & { readonly root: Root };

/**
 * The decoder of a schema that the registry client has made: Avro, Protobuf or JSON Schema.
 *
 * @param field where text goes that is a whole record
 */
export function payloadDecoder(schema: object, field: string): PayloadDecoder {
  if (avro.Type.isType(schema)) return avroDecoder(schema as Type, field);
  if ('message' in schema) return protobufDecoder(schema.message as FirstMessage);
  return jsonSchemaDecoder(schema as Validator);
}

function avroDecoder(type: Type, field: string): PayloadDecoder {
  const convert = compileAvro(type);
  return (payload) => {
    const value = convert(type.fromBuffer(asBuffer(payload)));
    if (isObject(value)) return { ok: true, fields: value };
    return typeof value === 'string'
      ? { ok: true, fields: objectOf([[field, value]]) }
      : unreadable(`a record was expected; its schema is of ${type.typeName}`);
  };
}

function protobufDecoder(placed: FirstMessage): PayloadDecoder {
  const { root } = placed;
  const messages = messagesOf(placed.parent).filter(({ name }) => name !== PLACEHOLDER);
  for (const [name, type] of Object.entries(WELL_KNOWN_TYPES.google.nested.protobuf.nested)) {
    if (root.get(`google.protobuf.${name}`) == null) root.addJSON({ google: { nested: { protobuf: { nested: { [name]: type } } } } });
  }
  root.resolveAll();
  const compiled = new Map<MessageType, (read: object) => unknown>();
  return (payload) => {
    const found = findMessage(messages, payload);
    if (found === undefined) return unreadable('the message that it names is not in its Protobuf schema');
    const convert = compiled.get(found.type) ?? compileMessage(found.type);
    compiled.set(found.type, convert);
    const value = convert(found.type.decode(found.bytes));
    return value instanceof Map ? { ok: true, fields: value } : unreadable('a message with fields was expected');
  };
}

function jsonSchemaDecoder(validator: Validator): PayloadDecoder {
  return (payload) => {
    const content = decodeJson(payload);
    if (!content.ok) return content;
    const wrong: string[] = [];
    const plain: unknown = JSON.parse(content.text ?? '');
    validator.isValid(plain, {
      errorHook: ([path = ''], message) => void wrong.push(`${path === '' ? 'the record' : path} ${String(message)}`),
    });
    return wrong.length === 0 ? content : unreadable(`it does not fit its JSON Schema: ${wrong.slice(0, 3).join('; ')}`);
  };
}

const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
