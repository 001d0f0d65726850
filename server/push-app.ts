import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { Inlet, PushedRecord } from '../runtime/index.ts';
import { isArray, isObject, isRiskflowError, parseJson, RiskflowError, type ObjectValue, type Value } from '../schemas/index.ts';

/** Bodies are read whole. */
const MOST_BYTES = 8 * 1024 * 1024;
const MOST_RECORDS = 1_000;
const RECORD_ID = 'Riskflow-Record-Id';

export type PushAppOptions = {
  /** Whether it can be reached from this machine only: then a page that has its own name lead here (DNS rebinding) is refused by that name. */
  readonly isLoopback: boolean;
};

/** Names by which a machine calls itself. */
const OWN_NAME = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/i;

/**
 * `POST /sources/{name}/records`: a record as a JSON object, an array of them, or NDJSON. An object with only `recordId` and `fields` names the record
 * by which it may be sent again; of a single one the header Riskflow-Record-Id does.
 *
 * Answers 202 with what became of each, in their order; 400 for a body that cannot be read, 403, 404, 409, 413, 415, and 429 with Retry-After while too
 * many records wait. Only JSON types are taken, which a page of another origin cannot send without being asked for.
 */
export function createPushApp(inlet: Inlet, { isLoopback }: PushAppOptions): Hono {
  const app = new Hono();
  app.onError((error, c) => {
    const { status, body } = answerTo(error);
    if (status === 429) c.header('Retry-After', '1');
    return c.json(body, status);
  });
  app.notFound((c) => c.json({ error: { code: 'not_found', message: 'there is only POST /sources/{name}/records here' } }, 404));
  const limit = bodyLimit({
    maxSize: MOST_BYTES,
    onError: (c) => c.json({ error: { code: 'too_large', message: `a body has at most ${MOST_BYTES} bytes` } }, 413),
  });
  app.use(async (c, next) => {
    if (isLoopback && !OWN_NAME.test(c.req.header('Host') ?? ''))
      return c.json(
        { error: { code: 'forbidden', message: 'records are taken here under the name of this machine only: localhost' } },
        403,
      );
    return next();
  });
  app.post('/sources/:name/records', limit, async (c) => {
    const type = (c.req.header('Content-Type') ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
    if (type !== 'application/json' && type !== 'application/x-ndjson')
      return c.json({ error: { code: 'media_type', message: 'the Content-Type must be application/json or application/x-ndjson' } }, 415);
    const records = readBody(textOf(await c.req.arrayBuffer()), { isLines: type === 'application/x-ndjson', id: c.req.header(RECORD_ID) });
    const results = await inlet.push(c.req.param('name'), records);
    return c.json({ results }, 202);
  });
  return app;
}

/** @throws RiskflowError `usage` for bytes that are no UTF-8, which would be stored as other text than was sent */
function textOf(bytes: ArrayBuffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new RiskflowError('usage', 'the body is not valid UTF-8');
  }
}

function readBody(text: string, { isLines, id }: { readonly isLines: boolean; readonly id: string | undefined }): readonly PushedRecord[] {
  const values = isLines
    ? text.split('\n').flatMap((line, i) => (line.trim() === '' ? [] : [valueOf(line, `line ${i + 1}`)]))
    : listOf(valueOf(text, 'the body'));
  if (values.length === 0) throw new RiskflowError('usage', 'the body holds no record');
  if (values.length > MOST_RECORDS)
    throw new RiskflowError('usage', `the body holds ${values.length} records, and may hold ${MOST_RECORDS}`);
  if (id !== undefined && values.length !== 1)
    throw new RiskflowError('usage', `${RECORD_ID} names one record, and the body holds ${values.length}`);
  return values.map((value, i) => recordOf(value, i, id ?? null));
}

function valueOf(text: string, where: string): Value {
  const parsed = parseJson(text);
  if (parsed.ok) return parsed.value;
  throw new RiskflowError('usage', `${where} is not valid JSON: ${parsed.error.message} (column ${parsed.error.column})`);
}

const listOf = (value: Value): readonly Value[] => (isArray(value) ? value : [value]);

function recordOf(value: Value, index: number, id: string | null): PushedRecord {
  if (!isObject(value)) throw new RiskflowError('usage', `record ${index + 1} is not a JSON object`);
  const wrapped = wrappedIn(value);
  return wrapped === undefined ? { fields: value, recordId: id } : { fields: wrapped.fields, recordId: id ?? wrapped.recordId };
}

/** `{ "recordId": "r-1", "fields": { … } }` */
function wrappedIn(value: ObjectValue): { readonly fields: ObjectValue; readonly recordId: string } | undefined {
  const [recordId, fields] = [value.get('recordId'), value.get('fields')];
  if (value.size !== 2 || typeof recordId !== 'string' || recordId === '' || fields === undefined || !isObject(fields)) return undefined;
  return { fields, recordId };
}

type Status = 400 | 404 | 409 | 429 | 500;
const STATUS: Readonly<Record<string, Status>> = { not_found: 404, usage: 400, conflict: 409, busy: 429 };

function answerTo(error: unknown): { readonly status: Status; readonly body: { readonly error: object } } {
  const status = isRiskflowError(error) ? STATUS[error.code] : undefined;
  // What went wrong inside is not told outside.
  if (!isRiskflowError(error) || status === undefined)
    return { status: 500, body: { error: { code: 'failed', message: 'the records could not be stored; send them again' } } };
  return {
    status,
    body: { error: { code: error.code, message: error.message, ...(error.hint === undefined ? {} : { hint: error.hint }) } },
  };
}
