import { isArray, type FileDescriptor, type HttpRequestEffect, type SecretRef, type Value } from '../../../schemas/core.ts';
import { failed, type NodeContext, type NodeOutcome } from '../../engine/node-outcome.ts';
import type { Selector } from '../../plan/selector.ts';
import { fileDescriptor, isFile, renderTemplate, type VariableTemplate } from '../../text/index.ts';
import type { Reads } from '../node-kind.ts';
import type { HttpBody, HttpRequestConfig, PairLine } from './config.ts';

type Render = (template: VariableTemplate) => string;
type Pair = readonly [name: string, value: string];
type BodyResult =
  { readonly ok: true; readonly body: HttpRequestEffect['body'] } | { readonly ok: false; readonly type: string; readonly message: string };

/** Fills in the request. Secrets stay placeholders; files are named, and fetched by who makes the request. */
export function startHttpRequest(config: HttpRequestConfig, context: NodeContext): NodeOutcome {
  const secrets: SecretRef[] = [];
  const render: Render = (template) => {
    const rendered = renderTemplate(template, context.lookup, 'text');
    secrets.push(...rendered.secrets);
    return rendered.text;
  };
  const url = render(config.url).trim();
  const inputs = new Map<string, Value>([
    ['method', config.method],
    ['url', url],
  ]);
  const body = startBody(config.body, render, context.lookup);
  if (!body.ok) return failed(inputs, body.type, body.message);
  const { method, authorization, timeouts, verifyTls } = config;
  return {
    kind: 'effect',
    inputs,
    request: {
      kind: 'http-request',
      method,
      url,
      params: pairs(config.params, render),
      headers: pairs(config.headers, render),
      authorization: authorization && {
        type: authorization.type,
        key: render(authorization.key),
        header: render(authorization.header).trim(),
      },
      body: body.body,
      timeouts,
      verifyTls,
    },
    secrets,
  };
}

function startBody(body: HttpBody, render: Render, lookup: NodeContext['lookup']): BodyResult {
  switch (body.kind) {
    case 'none':
      return { ok: true, body: { kind: 'none' } };
    case 'raw-text':
    case 'json':
      return { ok: true, body: { kind: body.kind, text: render(body.text) } };
    case 'x-www-form-urlencoded':
      return { ok: true, body: { kind: body.kind, fields: pairs(body.fields, render) } };
    case 'binary': {
      const [file] = filesAt(body.file, lookup) ?? [];
      if (file === undefined) return { ok: false, type: 'FileFetchError', message: `there is no file in ${body.file.join('.')}` };
      return { ok: true, body: { kind: 'binary', file } };
    }
    case 'form-data': {
      const parts: Extract<HttpRequestEffect['body'], { kind: 'form-data' }>['parts'][number][] = [];
      for (const field of body.fields) {
        if (!('file' in field)) {
          parts.push(...pairs([field], render).map(([name, text]) => ({ name, text })));
          continue;
        }
        const files = filesAt(field.file, lookup);
        if (files === undefined)
          return { ok: false, type: 'FileFetchError', message: `${field.file.join('.')} is neither a file nor a list of files` };
        const name = render(field.name);
        parts.push(...files.map((file) => ({ name, file })));
      }
      return { ok: true, body: { kind: 'form-data', parts } };
    }
  }
}

function pairs(lines: readonly PairLine[], render: Render): readonly Pair[] {
  return lines.flatMap((line): readonly Pair[] => {
    if ('lines' in line) return pairsIn(render(line.lines));
    return [[render(line.name).trim(), render(line.value).trim()]];
  });
}

/** Pairs that a variable holds as a whole: lines `name:value`. */
const pairsIn = (text: string): readonly Pair[] =>
  text.split(/\r\n|[\n\r]/).flatMap((line): Pair[] => {
    const colon = line.indexOf(':');
    const name = (colon < 0 ? line : line.slice(0, colon)).trim();
    return name === '' ? [] : [[name, colon < 0 ? '' : line.slice(colon + 1).trim()]];
  });

/** The files that a variable holds: one, a list, or none where it is empty; undefined for anything else. */
function filesAt(selector: Selector, lookup: NodeContext['lookup']): readonly FileDescriptor[] | undefined {
  const value = lookup(selector);
  if (value === undefined) return undefined;
  const list = isArray(value) ? value : value === null ? [] : [value];
  return list.every(isFile) ? list.map(fileDescriptor) : undefined;
}

/** Every variable that goes into the request. */
export function readsOfHttpRequest({ url, params, headers, authorization, body }: HttpRequestConfig): Reads {
  const fields = 'fields' in body ? body.fields : [];
  const lines = [...params, ...headers, ...fields].flatMap((line): readonly VariableTemplate[] => {
    if ('lines' in line) return [line.lines];
    return 'file' in line ? [line.name] : [line.name, line.value];
  });
  return {
    templates: [
      url,
      ...lines,
      ...(authorization === null ? [] : [authorization.key, authorization.header]),
      ...('text' in body ? [body.text] : []),
    ],
    selectors: [...('file' in body ? [body.file] : []), ...fields.flatMap((field) => ('file' in field ? [field.file] : []))],
  };
}
