import { isObject, type ObjectValue, type Value, type Values } from '../../../schemas/core.ts';
import type { TriggerConfig, WebhookField } from './config.ts';

/** The input that holds the whole call. */
export const WEBHOOK_RAW = '_webhook_raw';

/** A call of a webhook. Names of headers are of any case; `body` is what its content type says: an object, or a text. */
export type WebhookCall = {
  readonly headers: ObjectValue;
  readonly params: ObjectValue;
  readonly body: Value;
  /** Files of a form, by the names of their fields. */
  readonly files: ObjectValue;
};

/** A header's variable: a name of a variable holds no hyphen. */
export const headerVariable = (header: string): string => header.replaceAll('-', '_');

/**
 * The inputs of a run that a call begins, by name; what the call does not have is not there. Whether it may be missing, and its type, is
 * checked as for all inputs (`checkInputs`).
 */
export function webhookInputs(trigger: Extract<TriggerConfig, { readonly kind: 'webhook' }>, call: WebhookCall): Values {
  const inputs = new Map<string, Value>();
  const set = (name: string, value: Value | undefined): void => {
    if (value !== undefined) inputs.set(name, value);
  };
  for (const field of trigger.headers) set(headerVariable(field.name), typed(field, headerOf(call.headers, field.name)));
  for (const field of trigger.params) set(field.name, typed(field, call.params.get(field.name)));
  const whole = trigger.contentType === 'text/plain' || trigger.contentType === 'application/octet-stream';
  for (const field of trigger.body) {
    if (whole) set(field.name, call.body);
    else if (field.type === 'file') set(field.name, call.files.get(field.name));
    else set(field.name, isObject(call.body) ? typed(field, call.body.get(field.name)) : undefined);
  }
  inputs.set(
    WEBHOOK_RAW,
    new Map<string, Value>([
      ['headers', call.headers],
      ['query_params', call.params],
      ['body', isObject(call.body) ? call.body : new Map([['raw', call.body]])],
      ['files', call.files],
    ]),
  );
  return inputs;
}

/** By its name in any case, with hyphens or underlines. */
function headerOf(headers: ObjectValue, name: string): Value | undefined {
  const plain = (text: string): string => headerVariable(text).toLowerCase();
  for (const [key, value] of headers) if (plain(key) === plain(name)) return value;
  return undefined;
}

const YES: ReadonlySet<string> = new Set(['true', '1', 'yes']);
const NO: ReadonlySet<string> = new Set(['false', '0', 'no']);

/** Headers, parameters and forms are texts: a boolean is told by a word. Numbers are read from texts anyway. */
function typed({ type }: WebhookField, value: Value | undefined): Value | undefined {
  if (type !== 'boolean' || typeof value !== 'string') return value;
  const word = value.trim().toLowerCase();
  return YES.has(word) ? true : NO.has(word) ? false : value;
}
