import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * What the endpoint of the table answers besides models, so that flows can make requests. `http://endpoint.test` in the inputs of a case stands
 * for where it is.
 *
 * - `/echo`: what was asked, as JSON: method, path with its query, some headers, and the body; forms by their fields
 * - `/status/N`: the status N, and the text "status N"
 * - `/file`: a file of three bytes by the name "three.bin"
 * - `/to/PATH`: a redirect to /PATH
 */
export async function answerHttp(request: IncomingMessage, response: ServerResponse): Promise<void> {
  // It would differ from run to run.
  response.sendDate = false;
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const [path = '/'] = (request.url ?? '').split('?');
  const [, first = '', rest = ''] = /^\/([^/]*)\/?(.*)$/.exec(path) ?? [];
  if (first === 'echo') {
    const echo = await echoOf(request, Buffer.concat(parts));
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(request.method === 'HEAD' ? undefined : JSON.stringify(echo));
  } else if (first === 'status') {
    response.writeHead(Number(rest), { 'content-type': 'text/plain' });
    response.end(`status ${rest}`);
  } else if (first === 'file') {
    response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-disposition': 'attachment; filename="three.bin"' });
    response.end(Buffer.from([0, 128, 255]));
  } else if (first === 'to') {
    response.writeHead(302, { location: `/${rest}` });
    response.end();
  } else {
    response.writeHead(404, { 'content-type': 'text/plain' });
    response.end('there is nothing here');
  }
}

const SHOWN = ['authorization', 'content-type', 'x-one'] as const;

async function echoOf({ method, url, headers }: IncomingMessage, body: Buffer): Promise<Readonly<Record<string, unknown>>> {
  const type = headers['content-type'] ?? '';
  const isForm = type.startsWith('multipart/');
  const shown = SHOWN.flatMap((name) =>
    headers[name] === undefined || (isForm && name === 'content-type') ? [] : [[name, headers[name]]],
  );
  return { method, url, headers: Object.fromEntries(shown) as object, body: isForm ? await fieldsOf(type, body) : body.toString() };
}

/** Fields of a form as [name, text], files as [name, file name, bytes]. */
async function fieldsOf(type: string, body: Buffer): Promise<readonly unknown[]> {
  const form = await new Response(new Uint8Array(body), { headers: { 'content-type': type } }).formData();
  const fields: unknown[] = [];
  for (const [name, value] of form) {
    fields.push(typeof value === 'string' ? [name, value] : [name, value.name, [...new Uint8Array(await value.arrayBuffer())]]);
  }
  return fields;
}
